import { applyEvent, messageOf } from '../../src/protocol/message.ts'
import type { Message, RoomEvent } from '../../src/protocol/model.ts'
import { isNoticeEvent, type Notice, withNotice } from '../../src/protocol/notice.ts'
import { caughtUp, type Peer } from './peer.ts'

/** A room as the database has it, behind a scripted peer: every event so far, pages and recovery as the protocol describes them. */
export class ModelRoom {
  readonly id: string
  readonly events: RoomEvent[] = []
  epoch = 1
  readonly #peer: Peer

  constructor(peer: Peer, id: string) {
    this.#peer = peer
    this.id = id
    peer.on('subscribe', ({ position }) => {
      const head = this.events.length
      if (position === undefined || position.epoch !== this.epoch || head - position.seq > 300) return this.newest()
      return caughtUp(this.asRead(position.seq, head), head, head, this.epoch)
    })
    peer.on('events', ({ after = 0, limit = 200 }) => ({
      ok: { epoch: this.epoch, recovered: true, events: this.asRead(after, after + limit), head: this.events.length },
    }))
    peer.routes.set(`GET /rooms/${id}/messages`, (_, { searchParams }) => [200, this.page(searchParams)])
  }

  /** Happens, and is pushed to whoever is connected. */
  happen(make: (base: { seq: number; at: number }, n: number) => RoomEvent, pushed = true): RoomEvent {
    const seq = this.events.length + 1
    const event = make({ seq, at: seq }, this.count(seq))
    this.events.push(event)
    if (pushed) this.#peer.link.events(this.id, this.asRead(seq - 1, seq)[0]!)
    return event
  }

  /** The messages as they are now. */
  messages(): Message[] {
    const messages: Message[] = []
    const places = new Map<number, number>()
    for (const event of this.events) {
      if (event.type === 'message') {
        places.set(event.seq, messages.length)
        messages.push(messageOf(event))
      } else if ('target' in event) {
        const place = places.get(event.target)!
        messages[place] = applyEvent(messages[place]!, event)
      }
    }
    return messages
  }

  count(seq: number): number {
    return this.events.filter((event) => event.type === 'message' && event.seq <= seq).length
  }

  /** What happened in after < seq < before. */
  notices(after: number, before: number): Notice[] {
    let notices: Notice[] = []
    for (const event of this.events.slice(after, Math.max(after, before - 1)))
      if (isNoticeEvent(event)) notices = withNotice(notices, event, this.count(event.seq))
    return notices
  }

  /** Events in (after, to], their texts as they are now. */
  asRead(after: number, to: number): RoomEvent[] {
    const now = new Map(this.messages().map((message) => [message.seq, message.body]))
    return this.events.slice(after, to).map((event) => {
      if (event.type === 'message') return { ...event, body: now.get(event.seq) ?? null }
      return event.type === 'edit' ? { ...event, body: now.get(event.target) ?? null } : event
    })
  }

  newest(): { ok: object } {
    const head = this.events.length
    const messages = this.messages().slice(-50)
    const from = (messages[0]?.n ?? 1) === 1 ? 0 : messages[0]!.seq
    const notices = this.notices(from, head + 1)
    return { ok: { position: { epoch: this.epoch, seq: head }, recovered: false, messages, notices, head } }
  }

  page(query: URLSearchParams): { items: Message[]; notices: Notice[]; nextCursor: null } {
    const number = (name: string) => (query.has(name) ? Number(query.get(name)) : undefined)
    const [before, after, limit = 50] = [number('before'), number('after'), number('limit')]
    const all = this.messages()
    const aroundN = number('aroundN')
    const around = number('around') ?? (aroundN === undefined ? undefined : (all[aroundN - 1]?.seq ?? Infinity))
    let items: Message[]
    if (after !== undefined) items = all.filter((message) => message.seq > after).slice(0, limit)
    else if (around === undefined) items = all.filter((message) => message.seq < (before ?? Infinity)).slice(-limit)
    else {
      const half = Math.ceil(limit / 2)
      const upTo = all.filter((message) => message.seq <= around).slice(-half)
      items = upTo.concat(all.filter((message) => message.seq > around).slice(0, limit - half))
    }
    const from = after ?? ((items[0]?.n ?? 1) === 1 ? 0 : items[0]!.seq)
    const to = before ?? items.at(-1)?.seq ?? from
    return { items, notices: this.notices(from, to), nextCursor: null }
  }
}
