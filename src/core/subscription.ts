import type { HotRoom } from './hot-room.ts'
import type { Session } from './session.ts'

/** This session receives this room live; suspended while the connection reads too slowly (`lagging`). */
export interface Subscription {
  readonly session: Session
  readonly room: HotRoom
  suspended: boolean
}
