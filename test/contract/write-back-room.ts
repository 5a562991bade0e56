import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach } from 'node:test'
import pg from 'pg'
import { type Postgres, startPostgres } from '../../deploy/local/postgres.ts'
import { openPostgresStore, type PostgresStore } from '../../src/adapters/sql/postgres/store.ts'
import { openWriteBack } from '../../src/adapters/sql/postgres/write-back.ts'
import { partitionOf } from '../../src/core/partition.ts'
import type { Lease, LogEntry, WriteBackDatabase } from '../../src/ports/write-back.ts'
import type { Message, RoomEvent } from '../../src/protocol/model.ts'
import { newRoom, newUsers } from './store.ts'

export const PARTITIONS = 4
export const LIFE_MS = 60_000

export type Body = Partial<RoomEvent> & { type: RoomEvent['type']; actor: string }

export let url: string
export let store: PostgresStore
export let database: WriteBackDatabase
export let users: string[]
export let room: string
/** Of the room's partition. */
export let lease: Lease
/** The room's head. */
export let seq: number
export let n: number
let entries = 0

/** In a suite: gives each test a database with one room of three members, whose partition the worker `w` holds. */
export function withOneRoom(): void {
  let postgres: Postgres
  before(async () => {
    postgres = await startPostgres({ fsync: false })
  })
  after(() => postgres.stop())

  beforeEach(async () => {
    url = await postgres.createDatabase()
    store = await openPostgresStore({ url, partitions: PARTITIONS })
    database = openWriteBack(url)
    users = await newUsers(store, 3)
    room = await newRoom(store, users)
    seq = users.length
    n = 0
    lease = await leaseOf(room)
  })

  afterEach(async () => {
    await database.close()
    await store.close()
  })
}

export async function leaseOf(id: string, worker = 'w'): Promise<Lease> {
  const leases = await database.lease(worker, LIFE_MS)
  const found = leases.find(({ partition }) => partition === partitionOf(id, PARTITIONS))
  assert.ok(found)
  return found
}

/** The next entry of the room. */
export function entry(event: Body, raw?: string): LogEntry {
  seq++
  if (event.type === 'message') n++
  const whole = { seq, at: 1_000 + seq, ...(event.type === 'message' && { n }), ...event }
  return { id: `${++entries}-0`, at: Date.now(), room, seq, n, event: raw ?? JSON.stringify(whole) }
}

export const message = (user: number, clientMessageId: string, body: string | null, more: object = {}): LogEntry =>
  entry({ type: 'message', actor: users[user] as string, clientMessageId, body, ...more } as Body)
export const edit = (user: number, target: number, body: string | null): LogEntry =>
  entry({ type: 'edit', actor: users[user] as string, target, body } as Body)
export const erase = (user: number, target: number): LogEntry =>
  entry({ type: 'delete', actor: users[user] as string, target } as Body)
export const react = (user: number, target: number, emoji: string, on: boolean): LogEntry =>
  entry({ type: 'reaction', actor: users[user] as string, target, emoji, on } as Body)

/** Writes entries as the holder of the lease. */
export async function write(...written: LogEntry[]): Promise<void> {
  assert.deepEqual(await database.persist('w', [{ lease, entries: written }]), {
    state: 'written',
    entries: written.length,
  })
  lease = { ...lease, position: (written.at(-1) as LogEntry).id }
}

/** Sets an entry aside as the holder of the lease. */
export async function park(entry: LogEntry, why = 'why', tries = 1): Promise<void> {
  await database.park('w', lease, entry, why, tries)
  lease = { ...lease, position: entry.id }
}

/** Takes the lease once more, after another worker had it. */
export async function holdAgain(): Promise<void> {
  lease = await leaseOf(room)
}

export async function rows<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return (await client.query<Row>(text, values)).rows
  } finally {
    await client.end()
  }
}

export const messageAt = async (at: number): Promise<Message> => (await store.history.message(room, at)) as Message
export const clean = async (): Promise<void> => assert.deepEqual((await store.verify()).problems, [])
