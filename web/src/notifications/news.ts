import type { Mention, Message, RoomList, RoomListEntry } from '@yeoul/client'

/** A message that the user wants to be told of. */
export interface News {
  room: string
  seq: number
  n: number
  sender: string
  /** null when it is not known here. */
  message: Message | null
  isMention: boolean
}

/**
 * Finds what is news in the list of rooms: of each room the newest message, and each mention, each once and never what was
 * there at the beginning. Which rooms tell what, their notification levels say.
 */
export class NewsWatch {
  readonly #rooms: RoomList
  readonly #me: string
  readonly #tell: (news: News[]) => void
  readonly #stops: (() => void)[]
  /** By room, the `n` up to which messages were looked at, whether they were wanted or not; null before the list was there. */
  #looked: Map<string, number> | null = null
  /** By room, the `n` of what was told last: a mention may be heard of after its message was looked at. */
  readonly #told = new Map<string, number>()

  constructor(rooms: RoomList, me: string, tell: (news: News[]) => void) {
    this.#rooms = rooms
    this.#me = me
    this.#tell = tell
    this.#stops = [rooms.subscribe(() => this.#look()), rooms.onMention((mention) => this.#mentioned(mention))]
    this.#look()
  }

  stop(): void {
    for (const stop of this.#stops) stop()
  }

  #look(): void {
    const { state, rooms } = this.#rooms.getSnapshot()
    if (state !== 'ready') return
    if (this.#looked === null) {
      this.#looked = new Map(rooms.map((entry) => [entry.room.id, newestOf(entry)]))
      for (const [room, n] of this.#looked) this.#told.set(room, n)
      return
    }
    const news: News[] = []
    for (const entry of rooms) {
      const { room, membership, lastMessage, unreadMentions } = entry
      // Of a room that has just come, what is unread came after the user did.
      const looked = Math.max(this.#looked.get(room.id) ?? membership.readN, this.#told.get(room.id) ?? 0)
      if (lastMessage === null || lastMessage.n <= looked) continue
      const { seq, n, sender, body } = lastMessage
      this.#looked.set(room.id, n)
      const isMention = unreadMentions.includes(n)
      // What called the user while there was no connection is told with what came last.
      const calls = unreadMentions.some((each) => each > looked)
      if (sender === this.#me || body === null || n <= membership.readN || !isWanted(entry, calls)) continue
      this.#told.set(room.id, n)
      news.push({ room: room.id, seq, n, sender, message: lastMessage, isMention })
    }
    if (news.length > 0) this.#tell(news)
  }

  #mentioned({ room, seq, n, actor }: Mention): void {
    const entry = this.#rooms.get(room)
    if (this.#looked === null || entry === undefined || n <= (this.#told.get(room) ?? 0)) return
    this.#told.set(room, n)
    if (n <= entry.membership.readN || !isWanted(entry, true)) return
    const message = entry.lastMessage?.n === n ? entry.lastMessage : null
    this.#tell([{ room, seq, n, sender: actor, message, isMention: true }])
  }
}

/** In a direct room every message is for the user. */
function isWanted({ room, membership }: RoomListEntry, isMention: boolean): boolean {
  if (membership.notify === 'none') return false
  return isMention || room.kind === 'direct' || membership.notify === 'all'
}

const newestOf = ({ membership, unread, lastMessage }: RoomListEntry) =>
  Math.max(membership.readN + unread, lastMessage?.n ?? 0)
