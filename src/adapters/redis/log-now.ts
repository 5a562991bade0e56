import type { Room } from '../../protocol/model.ts'
import type { WarmRoom } from './log-functions.ts'

/** What the database says, brought up to what the log says. */
export interface Cursor {
  readSeq: number
  readN: number
}

/** With the read cursor of the log when that is further: "seq n", or '' for none. */
export function furthest<T extends Cursor>(cursor: T, inLog: string): T {
  const [readSeq, readN] = inLog.split(' ').map(Number) as [number, number]
  return inLog !== '' && readSeq > cursor.readSeq ? { ...cursor, readSeq, readN } : cursor
}

/** A room with its head, and with as many members as it has there. */
export function roomNow<T extends Room>(room: T, warm: WarmRoom | undefined): T {
  if (warm === undefined) return room
  const { epoch, seq, memberCount } = warm
  return { ...room, memberCount, position: { epoch, seq } }
}
