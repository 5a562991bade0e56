/**
 * The checker: reads what clients were told and what is stored in the end, and says where the two break the contract
 * (P1–P5). It knows nothing of servers and networks; `test/cluster/checker.test.ts` feeds it broken histories.
 */
import type { Durability, Message, RoomEvent } from '../../src/protocol/model.ts'

/** A message whose sender was told that it is durable. */
export interface Acknowledged {
  user: string
  room: string
  clientMessageId: string
  body: string
  seq: number
  durability: Durability
  /** When, as the server said: the acknowledgement itself may have been long on its way. */
  at: number
}

/** A change of a message that was acknowledged. */
export interface ChangeAcknowledged {
  type: 'edit' | 'delete' | 'reaction'
  user: string
  room: string
  target: number
  /** Of an edit: the text that it gave the message. */
  body?: string
  seq: number
  at: number
}

/** What one device got of one room in one go: a newest page, or the beginning of the room, and the events after it. */
export interface View {
  epoch: number
  /** The head as of the page; 0: from the beginning. */
  from: number
  /** The newest messages as of `from`; null where there was none to get. */
  page: Message[] | null
  /** As they came, whichever way: recovered, fetched or pushed. */
  events: RoomEvent[]
}

/** Everything that one device saw of one room, view after view. */
export interface Followed {
  who: string
  room: string
  views: View[]
}

/** Something of a room's sequence came to a user, who may have been out of the room by then. */
export interface Delivery {
  user: string
  room: string
  epoch: number
  /** The highest seq of which the user got to know. */
  seq: number
  /** When, ms since 1970. */
  at: number
  /** By what, for the person who reads the verdict. */
  by: string
}

/** A room as it is stored in the end. */
export interface StoredRoom {
  epoch: number
  /** All of them, in the order in which they were read. */
  events: RoomEvent[]
  /** From the pages, by seq. */
  messages: Map<number, Message>
}

/** From when to when what was acknowledged may be gone, ms since 1970. */
export interface Loss {
  from: number
  to: number
}

export interface Testimony {
  acknowledged: Acknowledged[]
  changes: ChangeAcknowledged[]
  followed: Followed[]
  deliveries: Delivery[]
  stored: Map<string, StoredRoom>
  /** When the log lost its data: what was only `logged` in these times may be gone, and nothing else. */
  losses?: Loss[]
}

/** Clocks of one machine, read by several programs. */
const CLOCK_MS = 20

/** Where the contract was broken, one line each; empty when it was kept. */
export function violations(testimony: Testimony): string[] {
  const found: string[] = []
  for (const [room, stored] of testimony.stored) {
    sequence(room, stored, found)
    pages(room, stored, found)
  }
  const places = messagePlaces(testimony.stored, found)
  for (const ack of testimony.acknowledged) acknowledged(ack, testimony, places, found)
  for (const change of testimony.changes) changed(change, testimony, found)
  for (const followed of testimony.followed) followedThrough(followed, testimony, found)
  agreement(testimony.followed, found)
  deliveries(testimony, found)
  return found
}

/** [P2] 1, 2, 3, … without a hole, and messages count 1, 2, 3, … too. */
function sequence(room: string, { events }: StoredRoom, found: string[]): void {
  let n = 0
  for (const [i, event] of events.entries()) {
    if (event.seq !== i + 1) found.push(`[P2] ${room}: stored event ${i + 1} has seq ${event.seq}`)
    if (event.type === 'message' && event.n !== ++n)
      found.push(`[P2] ${room}: message ${event.seq} counts ${event.n}, not ${n}`)
  }
}

/** Pages and events hold the same messages, each as its events made it. */
function pages(room: string, { events, messages }: StoredRoom, found: string[]): void {
  const deleted = new Set<number>()
  /** target -> emoji and user, of the reactions that stand. */
  const reactions = new Map<number, Set<string>>()
  for (const event of events) {
    if (event.type === 'delete') deleted.add(event.target)
    if (event.type !== 'reaction') continue
    const standing = reactions.get(event.target) ?? new Set()
    if (event.on) standing.add(`${event.emoji} ${event.actor}`)
    else standing.delete(`${event.emoji} ${event.actor}`)
    reactions.set(event.target, standing)
  }
  let shown = 0
  for (const event of events) {
    if (event.type !== 'message') continue
    const message = messages.get(event.seq)
    if (message === undefined) {
      found.push(`[P1] ${room}: message ${event.seq} is among the events and in no page`)
      continue
    }
    shown++
    if (message.clientMessageId !== event.clientMessageId || message.n !== event.n || message.sender !== event.actor)
      found.push(`[P2] ${room}: message ${event.seq} is another one in its page`)
    if (deleted.has(event.seq) !== (message.body === null))
      found.push(`[P1] ${room}: message ${event.seq} ${message.body === null ? 'is' : 'is not'} erased`)
    if (message.body !== event.body) found.push(`[P2] ${room}: the body of ${event.seq} differs in page and event`)
    const standing = message.reactions.reduce((sum, { count }) => sum + count, 0)
    const expected = deleted.has(event.seq) ? 0 : (reactions.get(event.seq)?.size ?? 0)
    if (standing !== expected)
      found.push(`[P1] ${room}: message ${event.seq} shows ${standing} reactions, its events say ${expected}`)
  }
  if (shown < messages.size) found.push(`[P2] ${room}: ${messages.size - shown} messages of pages are no events`)
}

/** [P3] Where each message stands: room, sender, clientMessageId -> seq. */
function messagePlaces(rooms: Map<string, StoredRoom>, found: string[]): Map<string, number> {
  const places = new Map<string, number>()
  for (const [room, { events }] of rooms) {
    for (const event of events) {
      if (event.type !== 'message') continue
      const key = `${room} ${event.actor} ${event.clientMessageId}`
      const first = places.get(key)
      if (first !== undefined) found.push(`[P3] ${key} is stored at ${first} and at ${event.seq}`)
      else places.set(key, event.seq)
    }
  }
  return places
}

/** [P1] An acknowledged message is there, at the seq that was told, with the body that was sent unless it was changed. */
function acknowledged(ack: Acknowledged, all: Testimony, places: Map<string, number>, found: string[]): void {
  const stored = all.stored.get(ack.room)
  if (stored === undefined) return void found.push(`[P1] ${ack.clientMessageId}: its room ${ack.room} is not there`)
  const place = places.get(`${ack.room} ${ack.user} ${ack.clientMessageId}`)
  if (place === undefined) {
    if (!mayBeLost(ack, all)) found.push(`[P1] ${ack.clientMessageId} was ${ack.durability} at ${ack.seq} and is gone`)
    return
  }
  // Lost with the log, sent again by a client that had no acknowledgement: the same message at another seq.
  if (place !== ack.seq && !mayBeLost(ack, all))
    return void found.push(`[P3] ${ack.clientMessageId} was acknowledged at ${ack.seq} and is at ${place}`)
  const message = stored.messages.get(place)
  if (message === undefined) return
  if (message.editedAt === undefined && message.deletedAt === undefined && message.body !== ack.body)
    found.push(`[P1] ${ack.clientMessageId} was sent as "${ack.body}" and is "${message.body}"`)
}

function changed(change: ChangeAcknowledged, all: Testimony, found: string[]): void {
  const event = all.stored.get(change.room)?.events[change.seq - 1]
  const there =
    event?.type === change.type && event.actor === change.user && 'target' in event && event.target === change.target
  if (!there) {
    if (!mayBeLost({ ...change, durability: 'logged' }, all))
      found.push(`[P1] the ${change.type} of ${change.target} in ${change.room} is not at ${change.seq}`)
    return
  }
  if (change.type === 'edit' && event.type === 'edit' && event.body !== null) {
    const { events } = all.stored.get(change.room) as StoredRoom
    const last = events.findLast((one) => one.type === 'edit' && one.target === change.target)
    if (last === event && event.body !== change.body)
      found.push(`[P1] ${change.target} in ${change.room} was edited to "${change.body}" and is "${event.body}"`)
  }
}

function mayBeLost({ durability, at }: { durability: Durability; at: number }, { losses = [] }: Testimony): boolean {
  return durability === 'logged' && losses.some(({ from, to }) => at >= from && at <= to + CLOCK_MS)
}

/** [P4] What a device got is the complete run: contiguous, equal to what is stored, up to the head. */
function followedThrough({ who, room, views }: Followed, { stored: rooms }: Testimony, found: string[]): void {
  const stored = rooms.get(room)
  const at = `${who} in ${room}`
  if (stored === undefined) return void found.push(`[P4] ${at}: the room is not there`)
  let epoch = 0
  for (const view of views) {
    // Between the loss of a log and the epoch that follows it the database has the last word.
    if (view.epoch < epoch || (view.epoch === epoch && epoch === stored.epoch))
      found.push(`[P4] ${at}: a page of epoch ${view.epoch} after epoch ${epoch}, which lost nothing`)
    epoch = view.epoch
    contiguous(at, view, found)
    sameAsStored(at, view, stored, found)
  }
  const last = views.at(-1)
  if (last === undefined) return void found.push(`[P4] ${at}: it saw nothing`)
  if (last.epoch !== stored.epoch) found.push(`[P4] ${at}: ended in epoch ${last.epoch} of ${stored.epoch}`)
  const end = last.from + last.events.length
  if (end < stored.events.length) found.push(`[P4] ${at}: ended at ${end} of ${stored.events.length}`)
}

function contiguous(at: string, { from, events }: View, found: string[]): void {
  for (const [i, event] of events.entries()) {
    if (event.seq === from + i + 1) continue
    found.push(`[P4] ${at}: got ${event.seq} where ${from + i + 1} was next`)
    return
  }
}

/**
 * Of the epoch that stands in the end everything is stored; of an earlier one, everything up to the place where the
 * log was lost.
 */
function sameAsStored(at: string, view: View, stored: StoredRoom, found: string[]): void {
  let lostFrom = 0
  for (const event of view.events) {
    const there = stored.events[event.seq - 1]
    if (there !== undefined && nameOf(there) === nameOf(event)) {
      if (lostFrom > 0) found.push(`[P4] ${at}: ${lostFrom} was lost, and ${event.seq} after it was not`)
      if (lostFrom > 0) return
      continue
    }
    if (view.epoch < stored.epoch) {
      lostFrom ||= event.seq
      continue
    }
    found.push(`[P2] ${at}: saw ${nameOf(event)}, stored is ${there === undefined ? 'nothing' : nameOf(there)}`)
    return
  }
  if (view.page === null || view.epoch < stored.epoch) return
  const newest = stored.events.filter((event) => event.type === 'message' && event.seq <= view.from)
  const expected = newest.slice(newest.length - view.page.length).map((event) => event.seq)
  const shown = view.page.map((message) => message.seq)
  if (expected.join() !== shown.join() || (shown.length === 0 && newest.length > 0))
    found.push(`[P4] ${at}: the page at ${view.from} shows ${shown}, the newest messages are ${expected}`)
}

/** [P2] Within an epoch no two devices saw two different events at one seq, not even of what was lost afterwards. */
function agreement(followed: Followed[], found: string[]): void {
  const seen = new Map<string, { name: string; who: string }>()
  for (const { who, room, views } of followed) {
    for (const { epoch, events } of views) {
      for (const event of events) {
        const key = `${room} ${epoch} ${event.seq}`
        const name = nameOf(event)
        const first = seen.get(key)
        if (first === undefined) seen.set(key, { name, who })
        else if (first.name !== name)
          return void found.push(`[P2] at ${key} ${first.who} saw ${first.name}, ${who} saw ${name}`)
      }
    }
  }
}

/**
 * [P5] While a user is out of a room, nothing that came after the leave reaches them. What came in an epoch that was lost
 * cannot be judged: its joins and leaves may be lost too.
 */
function deliveries({ deliveries: all, stored }: Testimony, found: string[]): void {
  const comings = new Map<string, { seq: number; at: number; inside: boolean }[]>()
  for (const [room, { events }] of stored) {
    for (const event of events) {
      if (event.type !== 'join' && event.type !== 'leave') continue
      const key = `${event.user} ${room}`
      const list = comings.get(key) ?? []
      list.push({ seq: event.seq, at: event.at, inside: event.type === 'join' })
      comings.set(key, list)
    }
  }
  for (const delivery of all) {
    if (delivery.epoch < (stored.get(delivery.room)?.epoch ?? 0)) continue
    const list = comings.get(`${delivery.user} ${delivery.room}`) ?? []
    const last = list.findLast((one) => one.seq <= delivery.seq)
    if (last === undefined || last.inside || delivery.seq === last.seq) continue
    // Out of the room at this seq: what came before a later join may be read after it.
    const next = list.find((one) => one.seq > delivery.seq)
    if (next !== undefined && next.at <= delivery.at + CLOCK_MS) continue
    found.push(
      `[P5] ${delivery.user} left ${delivery.room} at ${last.seq} and got ${delivery.seq} by ${delivery.by}, ` +
        `${delivery.at - last.at} ms later`,
    )
  }
}

/** What an event is, but for text that an edit or a delete may have changed since. */
export function nameOf(event: RoomEvent): string {
  const { seq, type, actor, at } = event
  switch (event.type) {
    case 'message':
      return `${seq} ${type} ${actor} ${at} ${event.clientMessageId} ${event.n} ${event.replyTo ?? ''}`
    case 'edit':
    case 'delete':
      return `${seq} ${type} ${actor} ${at} ${event.target}`
    case 'reaction':
      return `${seq} ${type} ${actor} ${at} ${event.target} ${event.emoji} ${event.on}`
    case 'join':
    case 'member':
      return `${seq} ${type} ${actor} ${at} ${event.user} ${event.role}`
    case 'leave':
      return `${seq} ${type} ${actor} ${at} ${event.user} ${event.reason}`
    case 'room':
      return `${seq} ${type} ${actor} ${at} ${JSON.stringify(event.changes)}`
  }
}
