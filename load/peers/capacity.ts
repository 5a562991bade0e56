import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import pg from 'pg'

/**
 * Rooms with a capacity over PostgreSQL, as one writes them: the members are counted, then one more is inserted. `--guard` says
 * what keeps two from doing so at the same time: `none`; `row`, the room's row locked for the transaction; or `lock`, a lock in
 * Redis, taken and given back as the Redis documentation has it. Checks no token.
 */
const { values } = parseArgs({
  options: { guard: { type: 'string', default: 'none' }, postgres: { type: 'string' }, redis: { type: 'string' } },
})

const pool = new pg.Pool({ connectionString: values.postgres })
const redis = values.guard === 'lock' ? new Redis(values.redis!) : null

/** Times in ms. The wait between two tries is what node-redlock's documentation sets; it is tried for longer than its ten times. */
const LOCK_LIFE = 10_000
const RETRY = 200
const RETRY_JITTER = 200
const PATIENCE = 60_000
const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) else return 0 end`

class RoomFull extends Error {}

type Queryable = Pick<pg.Pool, 'query'>

async function join(room: string, user: string): Promise<void> {
  if (redis !== null) await locked(redis, `lock:${room}`, () => countAndInsert(pool, room, user))
  else if (values.guard === 'row') await inTransaction((client) => countAndInsert(client, room, user, 'FOR UPDATE'))
  else await countAndInsert(pool, room, user)
}

async function countAndInsert(db: Queryable, room: string, user: string, lock = ''): Promise<void> {
  const found = await db.query<{ capacity: number }>(`SELECT capacity FROM rooms WHERE id = $1 ${lock}`, [room])
  const members = await db.query<{ count: string }>('SELECT count(*) FROM members WHERE room = $1', [room])
  if (Number(members.rows[0]!.count) >= found.rows[0]!.capacity) throw new RoomFull()
  await db.query('INSERT INTO members (room, user_id) VALUES ($1, $2)', [room, user])
}

async function inTransaction(work: (client: Queryable) => Promise<void>): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await work(client)
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

async function locked(holder: Redis, key: string, work: () => Promise<void>): Promise<void> {
  const token = randomUUID()
  const end = performance.now() + PATIENCE
  while ((await holder.set(key, token, 'PX', LOCK_LIFE, 'NX')) === null) {
    if (performance.now() > end) throw new Error('the lock was not to be had')
    await sleep(RETRY + Math.random() * RETRY_JITTER)
  }
  try {
    await work()
  } finally {
    await holder.eval(RELEASE, 1, key, token)
  }
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return parts.length === 0 ? {} : (JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>)
}

async function answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
  const [, , room = '', what] = new URL(request.url ?? '/', 'http://localhost').pathname.split('/')
  const body = await bodyOf(request)
  if (request.method === 'GET') return { status: 200, body: {} }
  if (what === 'join') {
    await join(room, String(body.user))
    return { status: 200, body: { room } }
  }
  await pool.query('INSERT INTO rooms (id, capacity) VALUES ($1, $2)', [body.id, body.capacity])
  return { status: 201, body: { id: body.id } }
}

await pool.query(`
  CREATE TABLE IF NOT EXISTS rooms (id text PRIMARY KEY, capacity int NOT NULL);
  CREATE TABLE IF NOT EXISTS members (room text NOT NULL, user_id text NOT NULL, PRIMARY KEY (room, user_id));
`)

const http = createServer((request, response) => {
  answer(request)
    .catch((error: Error) =>
      error instanceof RoomFull
        ? { status: 409, body: { code: 'room_full' } }
        : { status: 500, body: { code: error.message } },
    )
    .then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
})
http.listen({ port: 0, host: '127.0.0.1', backlog: 8192 }, () => {
  const address = http.address()
  if (address !== null && typeof address === 'object') console.log(`listening on http://127.0.0.1:${address.port}`)
})
process.on('disconnect', () => process.exit(0))
process.on('SIGTERM', () => process.exit(0))
