import type { Room } from '@yeoul/client'
import { CAPACITY_MAX } from '../../../src/protocol/limits.ts'
import type { Translate } from '../i18n/index.ts'

export const isFull = ({ capacity, memberCount }: Room): boolean => memberCount >= (capacity ?? CAPACITY_MAX)

/** How many are in a room, and of how many at most. */
export const sizeWords = ({ capacity, memberCount }: Room, t: Translate): string =>
  capacity === null
    ? t('rooms.members', { count: memberCount })
    : t('rooms.membersOf', { count: memberCount, capacity })
