/**
 * What an append costs on PostgreSQL: `node load/parts/append-cost.ts [seconds]`. A synced database of its own on this machine, 500
 * rooms of 10; batches of one and of many, as a node makes them. CPU is that of all processes of the database, and of this
 * one, which holds also where the machine is shared.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { startPostgres } from '../../deploy/local/postgres.ts'
import { openPostgresStore, type PostgresStore } from '../../src/adapters/sql/index.ts'
import { newId } from '../../src/core/ids.ts'
import type { MessageDraft } from '../../src/ports/log.ts'

const SECONDS = Number(process.argv[2] ?? 3)
const ROOMS = 500
const MEMBERS = 10
const BODY = '안녕하세요, this is a message of about the usual length.'
/** Clock ticks of /proc in a second: the same on every Linux that Node runs on. */
const TICKS = 100

async function furnish(store: PostgresStore): Promise<[room: string, members: string[]][]> {
  const users: string[] = []
  for (let i = 0; i < ROOMS * MEMBERS; i += 250) {
    const made = Array.from({ length: 250 }, (_, k) => {
      const username = `user${i + k}`
      const account = { id: newId(), username, displayName: username, passwordHash: '', role: 'user' as const }
      return store.accounts.create({ ...account, createdAt: 1 })
    })
    users.push(...(await Promise.all(made)).map(({ id }) => id))
  }
  const rooms: [string, string[]][] = []
  for (let i = 0; i < ROOMS; i++) {
    const members = users.slice(i * MEMBERS, (i + 1) * MEMBERS)
    const [createdBy, ...memberIds] = members as [string, ...string[]]
    const room = { id: newId(), kind: 'open' as const, title: `room ${i}`, capacity: null, createdBy, at: 1, memberIds }
    rooms.push([(await store.rooms.create(room)).room.id, members])
  }
  return rooms
}

/** CPU seconds that the postmaster's processes have used so far, those that ended aside. */
function cpuOfDatabase(postmaster: number): number {
  let ticks = 0
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ')
      if (Number(fields[1]) === postmaster) ticks += Number(fields[11]) + Number(fields[12])
    } catch {
      // It has ended meanwhile.
    }
  }
  return ticks / TICKS
}

/** Messages of all members of all rooms in turn. */
function draftsOf(rooms: [room: string, members: string[]][]): () => MessageDraft {
  let next = 0
  return () => {
    const [room, members] = rooms[next % ROOMS] as [string, string[]]
    const actor = members[Math.floor(next++ / ROOMS) % MEMBERS] as string
    const message = { type: 'message' as const, room, actor, clientMessageId: newId(), body: BODY, replyTo: null }
    return { ...message, mentions: [], files: [], retry: false }
  }
}

async function measure(store: PostgresStore, pid: number, draft: () => MessageDraft, size: number): Promise<string[]> {
  const run = async (seconds: number): Promise<number[]> => {
    const took: number[] = []
    for (const until = performance.now() + seconds * 1_000; performance.now() < until; ) {
      const batch = Array.from({ length: size }, draft)
      const began = performance.now()
      const results = await store.log.append(batch)
      took.push(performance.now() - began)
      if (!results.every((result) => result.ok)) throw new Error('a draft was refused')
    }
    return took
  }
  await run(0.5)
  const [cpu, own, statements] = [cpuOfDatabase(pid), process.cpuUsage(), store.stats().statements]
  const took = (await run(SECONDS)).toSorted((a, b) => a - b)
  const messages = took.length * size
  const { user, system } = process.cpuUsage(own)
  const seconds = took.reduce((sum, ms) => sum + ms, 0) / 1_000
  const quantile = (q: number) => (took[Math.floor((took.length - 1) * q)] as number).toFixed(2)
  return [
    String(size),
    Math.round(messages / seconds).toLocaleString('en'),
    quantile(0.5),
    quantile(0.99),
    (((cpuOfDatabase(pid) - cpu) / messages) * 1e6).toFixed(0),
    ((user + system) / messages).toFixed(0),
    ((store.stats().statements - statements) / messages).toFixed(2),
  ]
}

const postgres = await startPostgres()
try {
  const store = await openPostgresStore({ url: postgres.url, partitions: 64 })
  const draft = draftsOf(await furnish(store))
  // Everybody has spoken once: a node knows the keys of those who talk.
  for (let i = 0; i < ROOMS * MEMBERS; i += ROOMS) await store.log.append(Array.from({ length: ROOMS }, draft))
  console.log(
    '| messages a batch | messages/s | ms a batch, p50 | p99 | database CPU, µs a message | our CPU, µs | statements a message |',
  )
  console.log('|---|---|---|---|---|---|---|')
  for (const size of [1, 10, 50, 300, 1_000]) {
    console.log(`| ${(await measure(store, postgres.pid, draft, size)).join(' | ')} |`)
  }
  const { problems } = await store.verify()
  if (problems.length > 0) throw new Error(problems.join(' '))
  await store.close()
} finally {
  await postgres.stop()
}
