import { linkTo } from '../route.ts'

/** The whole address of a room, or of a message in it, to give to others. */
export const addressOf = (room: string, seq?: number): string =>
  location.href.replace(/#.*/, '') + linkTo.room(room, seq)
