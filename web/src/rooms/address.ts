import { linkTo } from '../route.ts'

/** Where this page lives, to give to others. */
export const pageAddress = (): string => location.href.replace(/#.*/, '')

/** The whole address of a room, or of a message in it. */
export const addressOf = (room: string, seq?: number): string => pageAddress() + linkTo.room(room, seq)
