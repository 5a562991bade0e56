/** What the database of a cluster holds, past all of its nodes. */
import assert from 'node:assert/strict'
import { openPostgresStore, type PostgresStore } from '../../src/adapters/sql/index.ts'
import type { Message, Position, RoomEvent } from '../../src/protocol/model.ts'
import type { StoredRoom } from './checker.ts'
import type { Person } from './people.ts'
import { eventually } from './witnesses.ts'

/** Of the clusters of the tests. */
export const PARTITIONS = 16

/** Opens a cluster's database, works with it, and closes it. */
export async function withDatabase<T>(url: string, work: (store: PostgresStore) => Promise<T>): Promise<T> {
  const store = await openPostgresStore({ url, partitions: PARTITIONS, poolSize: 4 })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

/** A room as the database holds it, once all that its log holds was written there. */
export async function roomInDatabase(store: PostgresStore, room: string, member: Person): Promise<StoredRoom> {
  const { body } = await member.call<{ position: Position }>('GET', `/rooms/${room}`)
  const written = async () => (await store.log.head(room))?.seq ?? 0
  await eventually(
    async () => (await written()) >= body.position.seq,
    () => `the database has not all ${body.position.seq} events of ${room}`,
  )
  const events: RoomEvent[] = []
  let epoch = 0
  for (;;) {
    const range = await store.log.read(room, events.length, 1_000)
    epoch = range.head.epoch
    events.push(...range.events)
    if (events.length >= range.head.seq || range.events.length === 0) break
  }
  const messages = new Map<number, Message>()
  for (let after = 0; ; ) {
    const page = await store.history.messages(room, { after, limit: 200 })
    for (const message of page.messages) messages.set(message.seq, message)
    const last = page.messages.at(-1)
    if (last === undefined) return { epoch, events, messages }
    after = last.seq
  }
}

/** The audit of the whole database finds nothing. */
export async function assertSound(store: PostgresStore): Promise<void> {
  assert.deepEqual((await store.verify()).problems, [])
}
