import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import type { Appended, Draft } from '../../src/ports/log.ts'
import { applyEvent, messageOf } from '../../src/protocol/message.ts'
import type { Message, RoomEvent } from '../../src/protocol/model.ts'
import { allEvents, newRoom, newUsers, type OpenEmptyStore, type OpenStore, type Store } from './store.ts'

const USERS = 4
const ROOMS = 2
/** The most different emoji that a message may have here: low, so that the limit is met. */
const MOST = 2

/** One thing that happens; numbers stand for users, rooms and messages of the run (see `seqOf`). */
type Step =
  | { kind: 'message'; room: number; user: number; id: number; replyTo: number | null }
  | { kind: 'edit'; room: number; user: number; target: number }
  | { kind: 'delete'; room: number; user: number; target: number; moderate: boolean }
  | { kind: 'reaction'; room: number; user: number; target: number; emoji: string; on: boolean }
type Turn = { steps: Step[] } | { move: 'join' | 'leave'; room: number; user: number }

const room = fc.nat(ROOMS - 1)
const user = fc.nat(USERS - 1)
const target = fc.nat(30)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('message' as const),
      room,
      user,
      id: fc.nat(25),
      replyTo: fc.option(target, { freq: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('edit' as const), room, user, target }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('delete' as const), room, user, target, moderate: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('reaction' as const),
      room,
      user,
      target,
      emoji: fc.constantFrom('👍', '❤️', 'ㅋㅋ'),
      on: fc.boolean(),
    }),
  },
)
const turn: fc.Arbitrary<Turn> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 30, size: 'max' }) }) },
  { weight: 1, arbitrary: fc.record({ move: fc.constantFrom('join' as const, 'leave' as const), room, user }) },
)

/** A room as simple as can be. */
interface ModelRoom {
  id: string
  seq: number
  n: number
  members: Set<string>
  events: RoomEvent[]
  /** As a client holds them that saw every event when it happened. */
  messages: Map<number, Message>
  sent: Map<string, { seq: number; n: number }>
}

/** Against a model: whatever is appended by whomever, the log answers and reads as the model does. */
export function logModelContract(open: OpenEmptyStore): void {
  describe('log against a model', () => {
    let opened: OpenStore
    before(async () => {
      opened = await open()
    })
    after(() => opened.close())

    test('[P2] [P3] [P5] random changes by random users give what a simple model gives, and erased text is nowhere', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(turn, { minLength: 1, maxLength: 24, size: 'max' }), (turns) => run(opened, turns)),
        { numRuns: 40, interruptAfterTimeLimit: 30_000 },
      )
      assert.deepEqual(await opened.problems(), [])
    })
  })
}

async function run(opened: OpenStore, turns: Turn[]): Promise<void> {
  const { store } = opened
  const users = await newUsers(store, USERS)
  const rooms: ModelRoom[] = []
  for (let i = 0; i < ROOMS; i++) rooms.push(await startRoom(store, users))
  const texts = new Texts()
  for (const turn of turns) {
    if ('steps' in turn) await appendSteps(store, turn.steps, rooms, users, texts)
    else await move(store, turn, rooms, users)
  }
  for (const model of rooms) await compare(store, model)
  const dump = await opened.dump()
  for (const text of texts.erased) assert.ok(!dump.includes(text), `${text} was erased`)
  for (const model of rooms) {
    for (const { body } of model.messages.values()) assert.ok(body === null || dump.includes(body))
  }
}

/** Texts that occur once, so that looking for them means something. */
class Texts {
  static #made = 0
  readonly erased: string[] = []

  make(): string {
    Texts.#made++
    return `text-${Texts.#made};`
  }
  erase(text: string | null | undefined): void {
    if (typeof text === 'string') this.erased.push(text)
  }
}

async function startRoom(store: Store, users: string[]): Promise<ModelRoom> {
  const members = users.slice(0, 3)
  const id = await newRoom(store, members)
  const { events } = await store.log.read(id, 0, 100)
  return { id, seq: 3, n: 0, members: new Set(members), events, messages: new Map(), sent: new Map() }
}

async function move(
  store: Store,
  turn: { move: 'join' | 'leave'; room: number; user: number },
  rooms: ModelRoom[],
  users: string[],
): Promise<void> {
  const model = rooms[turn.room] as ModelRoom
  // The owner stays.
  const who = users[Math.max(1, turn.user)] as string
  const isMember = model.members.has(who)
  const { events } =
    turn.move === 'join'
      ? (await store.memberships.join(model.id, who, who, 1_000)).change
      : await store.memberships.end(model.id, who, who, 1_000, 'left')
  assert.equal(events.length, (turn.move === 'join') === isMember ? 0 : 1)
  if (events.length === 0) return
  model.seq++
  assert.equal(events[0]?.seq, model.seq)
  model.events.push(...events)
  if (turn.move === 'join') model.members.add(who)
  else model.members.delete(who)
}

async function appendSteps(
  store: Store,
  steps: Step[],
  rooms: ModelRoom[],
  users: string[],
  texts: Texts,
): Promise<void> {
  const drafts = steps.map((step) => draftOf(step, rooms, users, texts))
  const results = await store.log.append(drafts)
  assert.equal(results.length, drafts.length)
  drafts.forEach((draft, i) => {
    const model = rooms.find((each) => each.id === draft.room) as ModelRoom
    expect(model, draft, results[i] as Appended, texts)
  })
}

function draftOf(step: Step, rooms: ModelRoom[], users: string[], texts: Texts): Draft {
  const model = rooms[step.room] as ModelRoom
  const room = model.id
  const actor = users[step.user] as string
  switch (step.kind) {
    case 'message': {
      const clientMessageId = `m${step.id}`
      const body = texts.make()
      const common = { mentions: step.id % 3 === 0 ? [actor] : [], files: [], retry: false }
      const replyTo = step.replyTo === null ? null : seqOf(step.replyTo, model)
      return { type: 'message', room, actor, clientMessageId, body, replyTo, ...common }
    }
    case 'edit':
      return { type: 'edit', room, actor, target: seqOf(step.target, model), body: texts.make(), mentions: [] }
    case 'delete':
      return { type: 'delete', room, actor, target: seqOf(step.target, model), moderate: step.moderate }
    case 'reaction':
      return {
        type: 'reaction',
        room,
        actor,
        target: seqOf(step.target, model),
        emoji: step.emoji,
        on: step.on,
        most: MOST,
      }
  }
}

/** Mostly a message that there is; sometimes a seq that the batch under way may take, or none will. */
function seqOf(target: number, model: ModelRoom): number {
  const seqs = [...model.messages.keys()]
  const chosen = target < 25 ? seqs[target % Math.max(1, seqs.length)] : undefined
  return chosen ?? model.seq + target - 24
}

/** Checks one answer against the model, and takes the change into it. */
function expect(model: ModelRoom, draft: Draft, result: Appended, texts: Texts): void {
  if (draft.type === 'message') {
    const key = `${draft.actor} ${draft.clientMessageId}`
    const repeated = model.sent.get(key)
    const answers = draft.replyTo === null || model.messages.has(draft.replyTo)
    if (!model.members.has(draft.actor) && repeated === undefined) return refused(result, 'not_a_member')
    if (model.members.has(draft.actor) && !answers) return refused(result, 'message_not_found')
    assert.ok(result.ok)
    assert.equal(result.duplicate, repeated !== undefined)
    if (repeated !== undefined) {
      texts.erase(draft.body)
      assert.deepEqual({ seq: result.seq, n: result.n }, repeated)
      return
    }
    model.n++
    model.sent.set(key, { seq: model.seq + 1, n: model.n })
    assert.equal(result.n, model.n)
    const { body, clientMessageId, replyTo, mentions } = draft
    const event: RoomEvent = { ...next(model, draft, result), type: 'message', n: model.n, clientMessageId, body }
    if (replyTo !== null) event.replyTo = replyTo
    if (mentions.length > 0) event.mentions = mentions
    model.events.push(event)
    model.messages.set(event.seq, messageOf(event))
    return
  }
  const message = model.messages.get(draft.target)
  if (!model.members.has(draft.actor)) return refused(result, 'not_a_member')
  if (message === undefined) return refused(result, 'message_not_found')
  const own = message.sender === draft.actor
  if (draft.type === 'edit' && !own) return refused(result, 'not_the_sender')
  if (draft.type === 'delete' && !own && !draft.moderate) return refused(result, 'not_the_sender')
  if (message.deletedAt !== undefined) return refused(result, 'message_deleted')
  if (draft.type === 'reaction') {
    const reaction = message.reactions.find((each) => each.emoji === draft.emoji)
    if ((reaction?.users.includes(draft.actor) ?? false) === draft.on) {
      assert.ok(result.ok)
      assert.equal(result.duplicate, true)
      assert.equal(result.seq, message.rev)
      return
    }
    if (draft.on && reaction === undefined && message.reactions.length >= MOST) {
      return refused(result, 'too_many_reactions')
    }
  }
  assert.ok(result.ok)
  const event = eventOf(model, draft, result)
  if (event.type !== 'reaction') texts.erase(message.body)
  model.events.push(event)
  model.messages.set(draft.target, applyEvent(message, event))
}

function eventOf(model: ModelRoom, draft: Exclude<Draft, { type: 'message' }>, result: Appended): RoomEvent {
  const place = next(model, draft, result)
  const { target } = draft
  switch (draft.type) {
    case 'edit':
      return { ...place, type: 'edit', target, body: draft.body }
    case 'delete':
      return { ...place, type: 'delete', target }
    case 'reaction':
      return { ...place, type: 'reaction', target, emoji: draft.emoji, on: draft.on }
  }
}

function next(model: ModelRoom, { actor }: Draft, result: Appended): { seq: number; at: number; actor: string } {
  assert.ok(result.ok)
  model.seq++
  assert.equal(result.seq, model.seq)
  return { seq: model.seq, at: result.at, actor }
}

function refused(result: Appended, code: string): void {
  assert.deepEqual(result, { ok: false, code })
}

/** Events with the texts as they are now; messages as a client holds them that applied every event. */
async function compare(store: Store, model: ModelRoom): Promise<void> {
  const expected = model.events.map((event): RoomEvent => {
    if (event.type !== 'message' && event.type !== 'edit') return event
    const { mentions: _, ...bare } = event
    const message = model.messages.get(event.type === 'edit' ? event.target : event.seq) as Message
    const now = { ...bare, body: message.body }
    return message.mentions.length > 0 ? { ...now, mentions: message.mentions } : now
  })
  assert.deepEqual(await allEvents(store, model.id), expected)
  const { messages, head, n, more } = await store.history.messages(model.id, { limit: 200 })
  assert.deepEqual(messages, [...model.messages.values()])
  assert.deepEqual({ head, n, more }, { head: model.seq, n: model.n, more: false })
}
