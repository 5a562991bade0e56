import type { History } from '../../../ports/history.ts'
import type { Head } from '../../../ports/log.ts'
import type { Message, RoomEvent } from '../../../protocol/model.ts'
import { noticesOf } from '../event-rows.ts'
import type { EventReader, RoomHead } from './event-reader.ts'

export interface EventSnapshot {
  events: EventReader
}

/** Reads of the log and of history. Each runs in one snapshot; big answers go back as JSON text, which is cheaper to pass on. */
export const messageReads = {
  readEvents({ events }: EventSnapshot, id: string, after: number, limit: number): string {
    const room = events.room(id)
    const answer: { head: Head; events: RoomEvent[] } = {
      head: headOf(room),
      events: after >= room.seq ? [] : events.events(room, after, limit),
    }
    return JSON.stringify(answer)
  },

  heads({ events }: EventSnapshot, ids: string[]): [id: string, head: Head][] {
    const heads: [string, Head][] = []
    for (const id of ids) {
      const room = events.findRoom(id)
      if (room !== null) heads.push([id, headOf(room)])
    }
    return heads
  },

  pageOfMessages({ events }: EventSnapshot, id: string, range: Parameters<History['messages']>[1]): string {
    const room = events.room(id)
    const [first, last, more] = countsOf(range, room, (seq) => events.countUpTo(room, seq))
    const answer: Awaited<ReturnType<History['messages']>> = {
      messages: events.messages(room, first, last),
      more,
      epoch: room.epoch,
      head: room.seq,
      n: room.n,
    }
    return JSON.stringify(answer)
  },

  oneMessage({ events }: EventSnapshot, id: string, seq: number): Message | null {
    const room = events.findRoom(id)
    return room === null ? null : events.message(room, seq)
  },

  countMessagesUpTo({ events }: EventSnapshot, id: string, seq: number): number {
    return events.countUpTo(events.room(id), seq)
  },

  seqOfMessage({ events }: EventSnapshot, id: string, n: number): number | null {
    const room = events.room(id)
    return n >= 1 && n <= room.n ? events.seqOf(room, n) : null
  },

  noticesOfRoom({ events }: EventSnapshot, id: string, range: Parameters<History['notices']>[1]): string {
    return JSON.stringify(noticesOf(events.notices(events.room(id), range), range))
  },
}

/** Which messages a range asks for, by number, and whether there are more beyond. */
function countsOf(
  range: Parameters<History['messages']>[1],
  room: RoomHead,
  countUpTo: (seq: number) => number,
): [first: number, last: number, more: boolean] {
  const { before, after, limit } = range
  if (after !== undefined) {
    const first = countUpTo(after) + 1
    const end = before === undefined ? room.n : countUpTo(before - 1)
    const last = Math.min(end, first + limit - 1)
    return [first, last, last < end]
  }
  const last = before === undefined ? room.n : countUpTo(before - 1)
  const first = Math.max(1, last - limit + 1)
  return [first, last, first > 1]
}

function headOf({ epoch, seq, n }: RoomHead): Head {
  return { epoch, seq, n }
}
