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
  await withStore(config, async (store) => {
    const people = await demoPeople(store, password)
    for (const demo of DEMO_ROOMS) {
      const members = demo.people.map((i) => people[i] as string)
      await writeMessages(store, await demoRoom(store, demo, members), people, demo.messages)
    }
  })
  console.log(`Rooms: ${DEMO_ROOMS.length}. Sign in as one of these, each with the password ${password}`)
  for (const { username, displayName } of DEMO_PEOPLE) console.log(`  ${username}  (${displayName})`)
}

async function demoPeople({ accounts }: SqlStore, password: string): Promise<string[]> {
  const passwordHash = await new Passwords().hash(password)
  const ids: string[] = []
  for (const { username, displayName } of DEMO_PEOPLE) {
    const known = await accounts.byUsername(username)
    const account = { id: newId(), username, displayName, passwordHash, role: 'user' as const, createdAt: Date.now() }
    const { id } = known ? await accounts.update(known.id, { passwordHash }) : await accounts.create(account)
    ids.push(id)
  }
  return ids
}

/** The room of that title that the demo's owner belongs to, or a new one. */
async function demoRoom({ rooms, memberships }: SqlStore, demo: DemoRoom, members: string[]): Promise<string> {
  const owner = members[0] as string
  const theirs = await memberships.ofUser(owner, null, 200)
  const known = theirs.items.find(({ room }) => room.title === demo.title)
  if (known !== undefined) return known.room.id
  const { kind, title } = demo
  const others = members.slice(1)
  const at = Date.now()
  const memberIds = kind === 'open' ? [] : others
  const { room } = await rooms.create({ id: newId(), kind, title, capacity: null, createdBy: owner, at, memberIds })
  // People join open rooms by themselves.
  if (kind === 'open') for (const user of others) await memberships.join(room.id, user, user, at)
  return room.id
}

async function writeMessages(store: SqlStore, room: string, people: string[], messages: DemoMessage[]): Promise<void> {
  const mentions = new Mentions(store.accounts)
  const seqs: number[] = []
  for (const [i, message] of messages.entries()) {
    const { body } = message
    const sent = await append(store, {
      type: 'message',
      room,
      actor: people[message.from] as string,
      clientMessageId: `demo-${i}`,
      body,
      replyTo: message.answers === undefined ? null : (seqs[message.answers] as number),
      mentions: await mentions.in(body),
      files: [],
      retry: true,
    })
    seqs.push(sent.seq)
    if (!sent.duplicate) await change(store, room, people, sent.seq, message)
  }
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

async function append({ log }: SqlStore, draft: Draft): Promise<{ seq: number; duplicate: boolean }> {
  const [appended] = await log.append([draft])
  if (appended?.ok) return appended
  throw new Failure(`The demo could not be written: ${appended?.code}`)
}
