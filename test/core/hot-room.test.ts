import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HotRoom, NEWEST_PAGE } from '../../src/core/hot-room.ts'
import { WriteQueue } from '../../src/core/write-queue.ts'
import type { Message, RoomEvent } from '../../src/protocol/model.ts'
import type { Notice } from '../../src/protocol/notice.ts'
import { FakeWire } from '../support/fake-wire.ts'

/** What a room is, by the book: every event so far, and every message as it is now. */
class Model {
  readonly events: RoomEvent[] = []
  readonly messages: Message[] = []
  /** Texts that were replaced or erased, and may be seen nowhere any more. */
  readonly gone: string[] = []
  readonly members = new Set<string>()

  /** Makes the next event out of any three numbers. */
  next(kind: number, which: number, who: number): RoomEvent {
    const seq = this.events.length + 1
    const actor = `user-${who % 4}`
    const base = { seq, at: 1_000 + seq, actor }
    const target = this.messages[which % Math.max(1, this.messages.length)]
    const alive = target !== undefined && target.deletedAt === undefined
    let event: RoomEvent
    if (kind < 4 || !alive) {
      if (kind === 9) event = this.#coming(base, `user-${which % 6}`)
      else
        event = { ...base, type: 'message', n: this.messages.length + 1, clientMessageId: `c${seq}`, body: `<${seq}>` }
    } else if (kind < 6) event = { ...base, type: 'edit', target: target.seq, body: `<edit ${seq}>`, mentions: [actor] }
    else if (kind === 6) event = { ...base, type: 'delete', target: target.seq }
    else if (kind < 9) {
      const emoji = which % 2 === 0 ? '👍' : '여'
      const on = !target.reactions.some((one) => one.emoji === emoji && one.users.includes(actor))
      event = { ...base, type: 'reaction', target: target.seq, emoji, on }
    } else event = this.#coming(base, `user-${which % 6}`)
    this.events.push(event)
    this.#take(event)
    return event
  }

  /** The events as a log has them: texts as they are now. */
  asRead(): RoomEvent[] {
    return this.events.map((event): RoomEvent => {
      if (event.type !== 'message' && event.type !== 'edit') return event
      const now = this.messages.find((message) => message.seq === (event.type === 'edit' ? event.target : event.seq))
      const read = { ...event, body: now?.body ?? null }
      delete read.mentions
      if (now !== undefined && now.mentions.length > 0) read.mentions = now.mentions
      return read
    })
  }

  countUpTo(seq: number): number {
    return this.messages.filter((message) => message.seq <= seq).length
  }

  /** The seq after which the notices of the newest page begin. */
  pageStart(): number {
    const first = this.messages.at(-NEWEST_PAGE) ?? this.messages[0]
    return first === undefined || first.n === 1 ? 0 : first.seq
  }

  /** Who came and who went since then, together between two messages. */
  notices(): object[] {
    const told = new Map<string, { seq: number; users: Set<string>; count: number }>()
    for (const event of this.events.slice(this.pageStart())) {
      if (event.type !== 'join' && event.type !== 'leave') continue
      const key = `${this.countUpTo(event.seq)} ${event.type}`
      const line = told.get(key) ?? { seq: event.seq, users: new Set(), count: 0 }
      told.set(key, line)
      line.users.add(event.user)
      line.count++
    }
    return [...told].map(([key, { seq, users, count }]) => {
      const [n, type] = key.split(' ')
      return { seq, n: Number(n), kind: type === 'join' ? 'joined' : 'left', users: [...users], count }
    })
  }

  #coming(base: { seq: number; at: number; actor: string }, user: string): RoomEvent {
    if (this.members.has(user)) return { ...base, type: 'leave', user, reason: 'left' }
    return { ...base, type: 'join', user, role: 'member' }
  }

  #take(event: RoomEvent): void {
    if (event.type === 'join') this.members.add(event.user)
    if (event.type === 'leave') this.members.delete(event.user)
    if (event.type === 'message') {
      const { seq, n, actor: sender, clientMessageId, body, at } = event
      this.messages.push({
        ...{ seq, n, sender, clientMessageId, body, at, mentions: [], reactions: [], files: [] },
        rev: seq,
      })
    }
    if (!('target' in event)) return
    const message = this.messages.find((one) => one.seq === event.target) as Message
    message.rev = event.seq
    if (event.type === 'reaction') {
      let entry = message.reactions.find((one) => one.emoji === event.emoji)
      if (entry === undefined) {
        entry = { emoji: event.emoji, count: 0, users: [] }
        message.reactions.push(entry)
      }
      entry.users = event.on ? [...entry.users, event.actor] : entry.users.filter((user) => user !== event.actor)
      entry.count = entry.users.length
      message.reactions = message.reactions.filter((one) => one.count > 0)
      return
    }
    this.gone.push(message.body as string)
    if (event.type === 'edit')
      Object.assign(message, { body: event.body, mentions: event.mentions, editedAt: event.at })
    else Object.assign(message, { body: null, mentions: [], reactions: [], deletedAt: event.at })
  }
}

const steps = fc.array(fc.tuple(fc.nat(9), fc.nat(1_000), fc.nat(10)), { minLength: 1, maxLength: 260 })

function hotFrom(model: Model, tail: number): HotRoom {
  return new HotRoom({
    id: 'room',
    kind: 'open',
    facts: { title: 'Room', capacity: null, memberCount: model.members.size },
    epoch: 1,
    head: model.events.length,
    n: model.messages.length,
    messages: structuredClone(model.messages.slice(-NEWEST_PAGE)),
    tail: model.asRead().slice(-tail),
  })
}

test('[P4] whatever passes, page, tail, counts and members are those of the whole history, and no erased text is left', () => {
  fc.assert(
    fc.property(steps, fc.nat(200), fc.nat(300), fc.nat(40), (list, before, keep, trimAt) => {
      const model = new Model()
      for (const [kind, which, who] of list.slice(0, before)) model.next(kind, which, who)
      const hot = hotFrom(model, keep)
      for (const [i, [kind, which, who]] of list.slice(before).entries()) {
        hot.apply(structuredClone(model.next(kind, which, who)), 0)
        if (i === trimAt) hot.trimTail(keep % 20)
        if (i % 7 === 0) check(hot, model)
      }
      check(hot, model)
    }),
    { numRuns: 150 },
  )
})

function check(hot: HotRoom, model: Model): void {
  const head = model.events.length
  assert.deepEqual([hot.head, hot.n, hot.memberCount], [head, model.messages.length, model.members.size])
  assert.deepEqual(hot.newestPage(), model.messages.slice(-NEWEST_PAGE))
  const page = JSON.parse(`{${hot.newestPageJson()}}`)
  assert.deepEqual(page.messages, hot.newestPage())
  const told = page.notices?.map(({ at: _, actor: __, ...notice }: Notice) => notice)
  assert.deepEqual(told, hot.covers(model.pageStart()) ? model.notices() : undefined)
  const from = head - hot.tailLength
  assert.deepEqual(hot.tailEvents(from, 1_000), model.asRead().slice(from))
  assert.deepEqual(JSON.parse(hot.tailJson(from, head)), model.asRead().slice(from))
  assert.deepEqual(
    [hot.covers(from), hot.covers(head), hot.covers(from - 1), hot.covers(head + 1)],
    [true, true, false, false],
  )
  const shown = hot.tailJson(from, head) + hot.newestPageJson()
  for (const text of model.gone) assert.ok(!shown.includes(text), `${text} is gone`)
  for (const seq of [0, 1, Math.floor(head / 2), head - 1, head, head + 5]) {
    const n = hot.countUpTo(seq)
    if (n !== null) assert.equal(n, model.countUpTo(seq), `messages up to ${seq}`)
    else assert.ok(seq < (hot.newestPage()[0]?.seq ?? 0), 'only what lies before the page is not known')
  }
}

test('pushes wait in order from the first that a subscriber has not got; without subscribers none do', () => {
  const model = new Model()
  const hot = hotFrom(model, 10)
  hot.apply(model.next(0, 0, 0), 0)
  assert.equal(hot.pendingEvents, 0)
  const subscription = { room: hot, queue: new WriteQueue(new FakeWire(), 1_000, () => {}), suspended: false, end() {} }
  hot.subscribers.add(subscription)
  for (let i = 0; i < 3; i++) hot.apply(model.next(i === 2 ? 9 : 0, i, i), 0)
  assert.deepEqual([hot.pendingEvents, hot.pendingFrom], [3, 2])
  assert.deepEqual(
    JSON.parse(`[${hot.pending}]`),
    model.events.slice(1).map((event) => ({ push: 'event', room: 'room', event })),
  )
})

test('[P5] a role that was looked up before a member left is not kept, however many look it up at a time', async () => {
  const hot = hotFrom(new Model(), 10)
  const first = Promise.withResolvers<'member' | null>()
  const second = Promise.withResolvers<'member' | null>()
  const looks = [first.promise, second.promise, Promise.resolve(null), Promise.resolve(null)]
  const look = () => looks.shift() as Promise<'member' | null>
  const answers = [hot.lookUp('user', look), hot.lookUp('user', look)]
  first.resolve('member')
  assert.equal(await answers[0], 'member')
  hot.apply({ type: 'leave', seq: 1, at: 0, actor: 'user', user: 'user', reason: 'left' }, 0)
  second.resolve('member')
  assert.equal(await answers[1], null, 'it was looked up again')
  assert.equal(hot.roleOf('user'), undefined)
})

test('a role that was looked up while the member joined is that of the join', async () => {
  const hot = hotFrom(new Model(), 10)
  const asked = Promise.withResolvers<null>()
  const role = hot.lookUp('user', () => asked.promise)
  hot.apply({ type: 'join', seq: 1, at: 0, actor: 'user', user: 'user', role: 'moderator' }, 0)
  asked.resolve(null)
  assert.equal(await role, 'moderator')
})
