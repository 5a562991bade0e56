import { randomBytes } from 'node:crypto'
import type { SqlStore } from '../adapters/sql/index.ts'
import type { Config } from '../config.ts'
import { newId } from '../core/ids.ts'
import { Mentions } from '../core/mentions.ts'
import { Passwords } from '../core/passwords.ts'
import type { Draft } from '../ports/log.ts'
import { DEFAULT_LIMITS } from '../protocol/limits.ts'
import { withStore } from './data.ts'
import { DEMO_PEOPLE, DEMO_ROOMS, type DemoMessage, type DemoRoom } from './demo-content.ts'
import { Failure } from './failure.ts'

/**
 * `yeoul seed --demo`: people, rooms and messages to look at. Doing it again adds only what is missing, and gives the demo
 * people a new password: a known one would let strangers in.
 */
export async function seedDemo(config: Config): Promise<void> {
  if (config.log === 'redis')
    throw new Failure('The demo is written past the Redis log: seed it with YEOUL_LOG=sql first.')
  const password = randomBytes(9).toString('base64url')
  const clock = new DemoClock(Date.now())
  await withStore(config, (store) => writeDemo(store, clock, password), clock.now)
  console.log(`Rooms: ${DEMO_ROOMS.length}. Sign in as one of these, each with the password ${password}`)
  for (const { username, displayName } of DEMO_PEOPLE) console.log(`  ${username}  (${displayName})`)
}

/** The time that the store takes for now while the demo is written: its talk lies in the past. */
export class DemoClock {
  readonly #end: number
  #at: number

  /** `end`: when the demo ends, in ms since 1970. */
  constructor(end: number) {
    this.#end = end
    this.#at = end
  }

  readonly now = (): number => this.#at

  setMinutesBefore(minutes: number): void {
    this.#at = this.#end - minutes * 60_000
  }
}

/** Writes the demo to a store that reads its time from `clock`. `id` makes the ids of people and rooms. */
export async function writeDemo(store: SqlStore, clock: DemoClock, password: string, id = newId): Promise<void> {
  clock.setMinutesBefore(FIRST_DAY)
  const people = await demoPeople(store, clock, password, id)
  for (const demo of DEMO_ROOMS) {
    clock.setMinutesBefore(demo.quiet + lengthOf(demo.messages) + 10)
    const room = await demoRoom(store, clock, demo, people, id)
    const seqs: number[] = []
    for (const [i, message] of demo.messages.entries()) {
      clock.setMinutesBefore(demo.quiet + lengthOf(demo.messages.slice(i)))
      seqs.push(await writeMessage(store, room, people, message, i, seqs))
    }
    await readMessages(store, clock, demo, room, people, seqs)
  }
}

/** When the people of the demo came, in minutes before its end. */
const FIRST_DAY = 14 * 24 * 60

/** Minutes from the first of these messages to the last. */
const lengthOf = (messages: DemoMessage[]): number => messages.slice(1).reduce((sum, { pause = 1 }) => sum + pause, 0)

async function demoPeople({ accounts }: SqlStore, clock: DemoClock, password: string, id: () => string) {
  const passwordHash = await new Passwords().hash(password)
  const ids: string[] = []
  for (const { username, displayName } of DEMO_PEOPLE) {
    const known = await accounts.byUsername(username)
    const account = { id: id(), username, displayName, passwordHash, role: 'user' as const, createdAt: clock.now() }
    const person = known ? await accounts.update(known.id, { passwordHash }) : await accounts.create(account)
    ids.push(person.id)
  }
  return ids
}

/** The room of that title that the demo's owner belongs to, or a new one. There is one direct room for a pair anyway. */
async function demoRoom(
  { rooms, memberships }: SqlStore,
  clock: DemoClock,
  { kind, title, capacity, people: members }: DemoRoom,
  people: string[],
  id: () => string,
): Promise<string> {
  const [owner, ...others] = members.map((i) => people[i] as string) as [string, ...string[]]
  const theirs = await memberships.ofUser(owner, null, 200)
  const known = theirs.items.find(({ room }) => kind !== 'direct' && room.title === title)
  if (known !== undefined) return known.room.id
  const at = clock.now()
  const memberIds = kind === 'open' ? [] : others
  const { room } = await rooms.create({
    id: id(),
    kind,
    title,
    capacity: capacity ?? null,
    createdBy: owner,
    at,
    memberIds,
  })
  // People join open rooms by themselves.
  if (kind === 'open') for (const user of others) await memberships.join(room.id, user, user, at)
  return room.id
}

/** Writes message `i` of a room and what happened to it; answers its seq. `seqs`: those of the messages before it. */
async function writeMessage(
  store: SqlStore,
  room: string,
  people: string[],
  message: DemoMessage,
  i: number,
  seqs: number[],
): Promise<number> {
  const { body } = message
  const sent = await append(store, {
    type: 'message',
    room,
    actor: people[message.from] as string,
    clientMessageId: `demo-${i}`,
    body,
    replyTo: message.answers === undefined ? null : (seqs[message.answers] as number),
    mentions: await new Mentions(store.accounts).in(body),
    files: [],
    retry: true,
  })
  if (!sent.duplicate) await change(store, room, people, sent.seq, message)
  return sent.seq
}

/** What happened to a demo message after it was sent. */
async function change(
  store: SqlStore,
  room: string,
  people: string[],
  target: number,
  message: DemoMessage,
): Promise<void> {
  const actor = people[message.from] as string
  if (message.edited !== undefined) {
    await append(store, { type: 'edit', room, actor, target, body: message.edited, mentions: [] })
  }
  if (message.deleted) await append(store, { type: 'delete', room, actor, target, moderate: false })
  for (const [emoji, by] of message.reactions ?? []) {
    for (const i of by) {
      const most = DEFAULT_LIMITS.reactionsPerMessage
      await append(store, { type: 'reaction', room, actor: people[i] as string, target, emoji, on: true, most })
    }
  }
}

/** Everybody has read all of it but for what `unread` leaves, and has left since. */
async function readMessages(
  { memberships }: SqlStore,
  clock: DemoClock,
  { people: members, unread = [] }: DemoRoom,
  room: string,
  people: string[],
  seqs: number[],
): Promise<void> {
  const cursors = members.map((i) => {
    const n = seqs.length - (unread.find(([person]) => person === i)?.[1] ?? 0)
    return { room, user: people[i] as string, seq: seqs[n - 1] as number, n }
  })
  const exits = cursors.map(({ user }) => ({ room, user, at: clock.now() }))
  await memberships.saveProgress(cursors, exits)
}

async function append({ log }: SqlStore, draft: Draft): Promise<{ seq: number; duplicate: boolean }> {
  const [appended] = await log.append([draft])
  if (appended?.ok) return appended
  throw new Failure(`The demo could not be written: ${appended?.code}`)
}
