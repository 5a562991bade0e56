import type { Room } from '@yeoul/client'
import { CAPACITY_MAX } from '../../../src/protocol/limits.ts'

export const isFull = ({ capacity, memberCount }: Room): boolean => memberCount >= (capacity ?? CAPACITY_MAX)
