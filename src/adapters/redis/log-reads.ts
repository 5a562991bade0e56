import type { Head, Log } from '../../ports/log.ts'
import { YeoulError } from '../../protocol/errors.ts'
import type { Message, RoomEvent } from '../../protocol/model.ts'
import { asNow, type LogFunctions, readEvents, readMessage, readRoom, type WarmRoom } from './log-functions.ts'

/** The worker moves the seam while we read at most so often. */
const TRIES = 5

/**
 * Reads at the seam: what is above a room's floor is in the log, the rest in the database, and a room that is cold is in the
 * database alone. The log is read first: what it has given up meanwhile was in the database before. What the database says of
 * a message is brought up to date with what the log has of it.
 */
export class LogReads {
  readonly #functions: LogFunctions
  readonly #database: Log

  constructor(functions: LogFunctions, database: Log) {
    this.#functions = functions
    this.#database = database
  }

  async read(id: string, after: number, limit: number): Promise<{ head: Head; events: RoomEvent[] }> {
    const [line, ...newest] = await this.#functions.ofRoom(id, 'read', after, limit)
    const room = readRoom(line as string)
    if (room === null) return this.#database.read(id, after, limit)
    if (room.removed) throw new YeoulError('room_not_found')
    const head = headOf(room)
    const events = readEvents(newest, 0)
    if (after >= room.floor) return { head, events }
    const oldest = await this.atSeam(id, async () => {
      const read = await this.#database.read(id, after, Math.min(limit, room.floor - after))
      refuseHole(read.head.seq, room)
      const old = read.events.filter((event) => event.seq <= room.floor)
      return { written: read.head.seq, seqs: old.flatMap(messagesShown), value: old }
    })
    const old = oldest.value.map((event) => {
      const message = oldest.changed.get(messagesShown(event)[0] ?? 0)
      return message === undefined ? event : asNow(event, message)
    })
    return { head, events: old.concat(events).slice(0, limit) }
  }

  async heads(ids: string[]): Promise<Map<string, Head>> {
    const warm = await this.#functions.warm(ids)
    const cold = ids.filter((id) => !warm.has(id))
    const heads = cold.length === 0 ? new Map<string, Head>() : await this.#database.heads(cold)
    for (const [id, room] of warm) if (!room.removed) heads.set(id, headOf(room))
    return heads
  }

  /**
   * Reads from the database and looks up what the log has of the messages that it names, until the database had all that
   * left the log before that. `written`: the head of the room by the database, no later than the rest.
   */
  async atSeam<T>(
    room: string,
    read: () => Promise<{ written: number; seqs: number[]; value: T }>,
  ): Promise<{ value: T; changed: Map<number, Message> }> {
    for (let tries = 0; tries < TRIES; tries++) {
      const { written, seqs, value } = await read()
      const changed = new Map<number, Message>()
      if (seqs.length === 0) return { value, changed }
      const [line, ...found] = await this.#functions.ofRoom(room, 'changed', ...seqs)
      const now = readRoom(line as string)
      if (now !== null && now.floor > written) continue
      for (const [i, seq] of seqs.entries()) {
        const json = found[i * 2 + 1]
        if (json) changed.set(seq, readMessage(json))
      }
      return { value, changed }
    }
    throw new YeoulError('unavailable', 'The room is written faster than it is read.')
  }
}

/**
 * Throws `unavailable` when the database lacks what has left the log: a standby took over that was far behind. Until a worker
 * notices and begins a new epoch nothing may be shown across the hole (P4).
 */
export function refuseHole(written: number, { floor }: WarmRoom): void {
  if (written < floor) throw new YeoulError('unavailable', 'The database lacks what has left the log.')
}

export function headOf({ epoch, seq, n }: WarmRoom): Head {
  return { epoch, seq, n }
}

/** The message whose text an event shows. */
function messagesShown(event: RoomEvent): number[] {
  if (event.type === 'message') return [event.seq]
  return event.type === 'edit' ? [event.target] : []
}
