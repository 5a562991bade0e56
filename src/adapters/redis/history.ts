import type { History } from '../../ports/history.ts'
import { YeoulError } from '../../protocol/errors.ts'
import type { Message } from '../../protocol/model.ts'
import type { NoticeEvent } from '../../protocol/notice.ts'
import { type LogFunctions, messageAt, readMessages, readNotice, readRoom, type WarmRoom } from './log-functions.ts'
import { type LogReads, refuseHole } from './log-reads.ts'

type Range = Parameters<History['messages']>[1]
type Page = Awaited<ReturnType<History['messages']>>

/** So many events of the log are looked through for notices in one call. */
const NOTICES_SCANNED = 1_000

/** Pages of messages that begin in the log and go on in the database, or the other way round, without a hole. */
export class RedisHistory implements History {
  readonly #functions: LogFunctions
  readonly #reads: LogReads
  readonly #database: History

  constructor(functions: LogFunctions, reads: LogReads, database: History) {
    this.#functions = functions
    this.#reads = reads
    this.#database = database
  }

  async messages(id: string, range: Range): Promise<Page> {
    const { after = '', before = '', limit } = range
    const [line, , end, ...found] = await this.#functions.ofRoom(id, 'messages', after, before, limit)
    const room = readRoom(line as string)
    if (room === null) return this.#database.messages(id, range)
    if (room.removed) throw new YeoulError('room_not_found')
    const newest = readMessages(found, 0)
    const place = { epoch: room.epoch, head: room.seq, n: room.n }
    if (range.after === undefined) return { ...place, ...(await this.#back(id, room, range, newest.reverse())) }
    // How many messages there are up to the end of the range, when it ends in the log.
    const last = end === '' ? null : Number(end)
    return { ...place, ...(await this.#forth(id, room, range, range.after, newest, last)) }
  }

  async message(id: string, seq: number): Promise<Message | null> {
    const [line, payload = '', changed = ''] = await this.#functions.ofRoom(id, 'changed', seq)
    const room = readRoom(line as string)
    if (room === null || (!room.removed && seq <= room.floor && changed === '')) return this.#database.message(id, seq)
    return room.removed ? null : messageAt(payload, changed)
  }

  async countUpTo(id: string, seq: number): Promise<number> {
    const [line, count = ''] = await this.#functions.ofRoom(id, 'count', seq)
    if (readRoom(line as string)?.removed) throw new YeoulError('room_not_found')
    return count === '' ? this.#database.countUpTo(id, seq) : Number(count)
  }

  async seqOf(id: string, n: number): Promise<number | null> {
    const [line, seq = ''] = await this.#functions.ofRoom(id, 'nth', n)
    const room = readRoom(line as string)
    if (room?.removed) throw new YeoulError('room_not_found')
    if (room !== null && (seq !== '' || n > room.n)) return seq === '' ? null : Number(seq)
    return this.#database.seqOf(id, n)
  }

  async notices(id: string, range: Parameters<History['notices']>[1]): ReturnType<History['notices']> {
    const { after, before, limit } = range
    const [line, through, ...found] = await this.#functions.ofRoom(id, 'notices', after, before, limit, NOTICES_SCANNED)
    const room = readRoom(line as string)
    if (room === null) return this.#database.notices(id, range)
    if (room.removed) throw new YeoulError('room_not_found')
    const newest = found.map(readNotice)
    const reached = Number(through) >= room.seq ? before - 1 : Number(through)
    if (after >= room.floor) return { events: newest, through: reached }
    const end = Math.min(before, room.floor + 1)
    const { head } = await this.#database.messages(id, { limit: 0 })
    refuseHole(head, room)
    const old = await this.#database.notices(id, { after, before: end, limit })
    if (end === before || old.through < end - 1 || old.events.length >= limit) return old
    const events = old.events.concat(newest).slice(0, limit)
    if (events.length === old.events.length + newest.length) return { events, through: reached }
    return { events, through: (events.at(-1) as { event: NoticeEvent }).event.seq }
  }

  /** The last ones before a seq, or of all. */
  async #back(id: string, room: WarmRoom, range: Range, newest: Message[]): Promise<Pick<Page, 'messages' | 'more'>> {
    const wanted = range.limit - newest.length
    if (wanted === 0 || room.floor === 0) return { messages: newest, more: (newest[0]?.n ?? 1) > 1 }
    const before = Math.min(range.before ?? room.floor + 1, room.floor + 1)
    const old = await this.#old(id, room, { before, limit: wanted })
    return { messages: old.messages.concat(newest), more: old.more }
  }

  /** The first ones after a seq. */
  async #forth(
    id: string,
    room: WarmRoom,
    range: Range,
    after: number,
    newest: Message[],
    last: number | null,
  ): Promise<Pick<Page, 'messages' | 'more'>> {
    let messages = newest
    let more = false
    if (after < room.floor) {
      const before = Math.min(range.before ?? room.floor + 1, room.floor + 1)
      const old = await this.#old(id, room, { after, before, limit: range.limit })
      messages = old.messages.concat(newest).slice(0, range.limit)
      more = old.more
    }
    const end = messages.at(-1)
    if (last !== null && end !== undefined) more = end.n < last
    return { messages, more }
  }

  /** What the database has of them, as it is now. */
  async #old(id: string, room: WarmRoom, range: Range): Promise<Page> {
    const { value, changed } = await this.#reads.atSeam(id, async () => {
      const page = await this.#database.messages(id, range)
      refuseHole(page.head, room)
      return { written: page.head, seqs: page.messages.map((message) => message.seq), value: page }
    })
    const messages = value.messages.map((message) => {
      const now = changed.get(message.seq)
      return now !== undefined && now.rev > message.rev ? now : message
    })
    return { ...value, messages }
  }
}
