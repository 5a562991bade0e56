import { PAGE_LIMIT } from '../../protocol/limits.ts'
import type { Message, Page, RoomSummary } from '../../protocol/model.ts'
import { decodeCursor, pageOf } from '../sql/cursor.ts'
import { unreadOf } from '../sql/mentions.ts'
import type { LogLoads, RoomOfUser } from '../sql/postgres/log-loads.ts'
import { type LogFunctions, messageAt, readMessages, type WarmRoom } from './log-functions.ts'
import { furthest, roomNow } from './log-now.ts'

/** More rooms than this of one user are not put in order by what is in the log alone. */
const ROOMS_MAX = 10_000

interface Place {
  id: string
  pk: number
  lastAt: number
}

interface Listed {
  room: RoomOfUser
  inLog: WarmRoom | undefined
  membership: RoomOfUser['membership']
}

/** The rooms of a user, the liveliest first: by the last message in the log or, of rooms that are cold, in the database. */
export class UserRooms {
  readonly #functions: LogFunctions
  readonly #loads: LogLoads

  constructor(functions: LogFunctions, loads: LogLoads) {
    this.#functions = functions
    this.#loads = loads
  }

  async ids(user: string, limit: number): Promise<string[]> {
    const { places } = await this.#places(user)
    return places.slice(0, limit).map(({ id }) => id)
  }

  async page(user: string, cursor: string | null, limit: number): Promise<Page<RoomSummary>> {
    const after = cursor === null ? null : (decodeCursor(cursor, 2) as [number, number])
    const { places, warm } = await this.#places(user)
    const rest = after === null ? places : places.filter((place) => isAfter(place, after))
    const wanted = rest.slice(0, limit + 1)
    if (wanted.length === 0) return { items: [], nextCursor: null }
    const loaded = await this.#loads.summaries(
      user,
      wanted.map(({ pk }) => pk),
    )
    const rooms = new Map(loaded.map((room) => [room.pk, room]))
    // Left meanwhile.
    const there = wanted.filter(({ pk }) => rooms.has(pk))
    const shown = there.map(({ pk }) => rooms.get(pk) as RoomOfUser)
    const [messages, cursors] = await Promise.all([this.#lastMessages(shown, warm), this.#cursors(user, shown)])
    const listed = there.map((place, i) => {
      const room = shown[i] as RoomOfUser
      const inLog = warm.get(room.room.id)
      const membership = furthest(room.membership, cursors.get(room.room.id) ?? '')
      return { place, room, inLog, membership, unread: Math.max(0, (inLog?.n ?? room.n) - membership.readN) }
    })
    const unwritten = await this.#unwrittenMentions(user, listed)
    const items = listed.map(({ place, room: { room, mentions, peer }, inLog, membership, unread }) => ({
      place,
      room: roomNow(room, inLog),
      membership,
      unread,
      unreadMentions: unreadOf(mentions.concat(unwritten.get(room.id) ?? []), membership.readN),
      lastMessage: messages.get(room.id) ?? null,
      ...peer,
    }))
    return pageOf(
      items,
      limit,
      ({ place: _, ...summary }) => summary,
      ({ place }) => [place.lastAt, place.pk],
    )
  }

  async #places(user: string): Promise<{ places: Place[]; warm: Map<string, WarmRoom> }> {
    const rooms = await this.#loads.roomsOf(user, ROOMS_MAX)
    const warm = await this.#functions.warm(rooms.map(({ id }) => id))
    const places = rooms.map((room) => ({ ...room, lastAt: Math.max(room.lastAt, warm.get(room.id)?.lastAt ?? 0) }))
    places.sort((a, b) => b.lastAt - a.lastAt || b.pk - a.pk)
    return { places, warm }
  }

  /** By room: read cursors of the log. */
  async #cursors(user: string, rooms: RoomOfUser[]): Promise<Map<string, string>> {
    const found = new Map<string, string>()
    await Promise.all(
      this.#functions.byPartition(rooms.map(({ room }) => room.id)).map(async ([partition, ids]) => {
        const questions = ids.flatMap((id) => [id, user])
        const cursors = (await this.#functions.call(partition, 'cursors', questions)) as string[]
        for (const [i, id] of ids.entries()) found.set(id, cursors[i] as string)
      }),
    )
    return found
  }

  /**
   * By room, the `n`s of messages that mention the user and that no worker has written to the database: there are few for
   * long, and of many the newest are looked at.
   */
  async #unwrittenMentions(user: string, rooms: Listed[]): Promise<Map<string, number[]>> {
    const found = new Map<string, number[]>()
    await Promise.all(
      rooms.map(async ({ room: { room, n }, inLog, membership }) => {
        const unread = (inLog?.n ?? n) - Math.max(n, membership.readN)
        if (unread <= 0) return
        const newest = Math.min(unread, PAGE_LIMIT.max)
        const [, , , ...messages] = await this.#functions.ofRoom(room.id, 'messages', '', '', newest)
        const mentions = readMessages(messages, 0).filter(
          (message) => message.n > n && message.sender !== user && message.mentions.includes(user),
        )
        if (mentions.length > 0) found.set(room.id, mentions.map((message) => message.n).reverse())
      }),
    )
    return found
  }

  async #lastMessages(rooms: RoomOfUser[], warm: Map<string, WarmRoom>): Promise<Map<string, Message>> {
    const messages = new Map<string, Message>()
    const written: { room: string; seq: number }[] = []
    await Promise.all(
      rooms.map(async ({ room, lastSeq }) => {
        const inLog = warm.get(room.id)
        const seq = inLog === undefined ? (lastSeq ?? 0) : inLog.lastSeq
        if (seq === 0) return
        const [, payload = '', changed = ''] =
          inLog === undefined ? [] : await this.#functions.ofRoom(room.id, 'changed', seq)
        const message = messageAt(payload, changed)
        if (message !== null) messages.set(room.id, message)
        else written.push({ room: room.id, seq })
      }),
    )
    if (written.length === 0) return messages
    const questions = written.map((each) => ({ ...each, user: '', emoji: '' }))
    const answers = await this.#loads.ask({ partition: 0, messages: questions })
    for (const [i, { room }] of written.entries()) {
      const message = answers.messages[i]?.message
      if (message) messages.set(room, message)
    }
    return messages
  }
}

function isAfter({ lastAt, pk }: Place, [at, key]: [number, number]): boolean {
  return lastAt < at || (lastAt === at && pk < key)
}
