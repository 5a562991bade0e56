/**
 * What the Redis log costs: messages a second, CPU of Redis and of this process for each, and bytes in Redis while they are
 * not in the database. `node load/redis-log.ts`; it starts a Redis and a PostgreSQL of its own. No worker runs meanwhile.
 */
import { parseArgs } from 'node:util'
import { startPostgres } from '../deploy/local/postgres.ts'
import { startRedis } from '../deploy/local/redis.ts'
import { RedisLink } from '../src/adapters/redis/connection.ts'
import { openRedisLog } from '../src/adapters/redis/log.ts'
import { RedisLogSide } from '../src/adapters/redis/write-back.ts'
import { openPostgresStore } from '../src/adapters/sql/index.ts'
import { openWriteBack } from '../src/adapters/sql/postgres/write-back.ts'
import { newId } from '../src/core/ids.ts'
import type { MessageDraft } from '../src/ports/log.ts'

const { values } = parseArgs({
  options: {
    rooms: { type: 'string', default: '500' },
    users: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '5' },
    partitions: { type: 'string', default: '64' },
    fsync: { type: 'string', default: 'everysec' },
  },
})
const partitions = Number(values.partitions)
const seconds = Number(values.seconds)

const [postgres, redis] = await Promise.all([
  startPostgres({ fsync: false }),
  startRedis({ appendonly: true, appendfsync: values.fsync as 'everysec' }),
])
const { url } = postgres
const database = await openPostgresStore({ url, partitions, outbox: true })
const link = await RedisLink.open({ urls: redis.url })
const log = await openRedisLog({ link, partitions, database: { ...database, url }, repeatWindowMs: () => 600_000 })
try {
  await adopt()
  const rooms = await makeRooms(Number(values.rooms), Number(values.users))
  console.log(`${values.rooms} rooms of ${values.users}, ${partitions} partitions, appendfsync ${values.fsync}`)
  // Every room and member is warm from here on.
  await log.log.append(rooms.flatMap(({ room, users }) => users.map((user) => draftOf(room, user))))
  for (const [batch, inFlight] of [
    [1, 1],
    [1, 32],
    [14, 1],
    [100, 1],
    [300, 1],
  ] as const)
    await measure(rooms, batch, inFlight)
} finally {
  await log.close()
  link.close()
  await database.close()
  await Promise.all([postgres.stop(), redis.stop()])
}

async function adopt(): Promise<void> {
  const side = new RedisLogSide({ functions: log.functions, windowMs: () => 600_000 })
  const worker = openWriteBack(url)
  for (const lease of await worker.lease('bench', 5_000)) {
    const { instance } = await side.fetch(lease.partition, '0-0', 1)
    const settled = await worker.settle('bench', lease, instance, 0)
    if (settled !== null) await side.adopt(lease.partition, settled.epoch, instance, false)
  }
  await worker.release('bench')
  await worker.close()
}

interface Crowd {
  room: string
  users: string[]
}

async function makeRooms(count: number, size: number): Promise<Crowd[]> {
  const rooms: Crowd[] = []
  for (let i = 0; i < count; i++) {
    const users = await Promise.all(Array.from({ length: size }, makeUser))
    const [createdBy, ...memberIds] = users as [string, ...string[]]
    const room = newId()
    const made = { kind: 'group' as const, title: `room ${i}`, capacity: null, createdBy, memberIds, at: Date.now() }
    await log.rooms.create({ id: room, ...made })
    rooms.push({ room, users })
  }
  return rooms
}

async function makeUser(): Promise<string> {
  const id = newId()
  const user = { username: `u${id.slice(-12)}`, displayName: 'x', passwordHash: 'x', role: 'user' as const }
  await database.accounts.create({ id, createdAt: Date.now(), ...user })
  return id
}

function draftOf(room: string, actor: string): MessageDraft {
  const body = '물은 낮은 곳으로 흐르고 여울에서는 빨라진다. Water runs downhill, faster here.'
  const nothing = { replyTo: null, mentions: [], files: [], retry: false }
  return { type: 'message', room, actor, clientMessageId: newId(), body, ...nothing }
}

async function measure(rooms: Crowd[], batch: number, inFlight: number): Promise<void> {
  const before = await usage()
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  const end = startedAt + seconds * 1_000
  const took: number[] = []
  let messages = 0
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (performance.now() < end) {
        const drafts = Array.from({ length: batch }, () => {
          const { room, users } = rooms[Math.floor(Math.random() * rooms.length)] as Crowd
          return draftOf(room, users[Math.floor(Math.random() * users.length)] as string)
        })
        const at = performance.now()
        const results = await log.log.append(drafts)
        took.push(performance.now() - at)
        const refused = results.find((result) => !result.ok)
        if (refused !== undefined) throw new Error(JSON.stringify(refused))
        messages += batch
      }
    }),
  )
  const elapsed = (performance.now() - startedAt) / 1_000
  const cpu = process.cpuUsage(cpuBefore)
  const after = await usage()
  took.sort((a, b) => a - b)
  const at = (share: number) => (took[Math.floor(took.length * share)] ?? 0).toFixed(2)
  console.log(
    `${String(batch).padStart(3)} a call, ${String(inFlight).padStart(2)} calls at once: ${Math.round(messages / elapsed)} messages/s; ` +
      `a call p50 ${at(0.5)} ms, p99 ${at(0.99)} ms; for each message ` +
      `${((after.cpu - before.cpu) / messages).toFixed(1)} µs of Redis, ${((cpu.user + cpu.system) / messages).toFixed(1)} µs of this process, ` +
      `${Math.round((after.bytes - before.bytes) / messages)} bytes in Redis, ${((after.calls - before.calls) / messages).toFixed(2)} calls`,
  )
}

/** CPU of Redis in µs, bytes in use, and functions called. */
async function usage(): Promise<{ cpu: number; bytes: number; calls: number }> {
  const [server] = link.servers
  const info = String(await server?.call('INFO', ['everything']))
  const value = (name: string) => Number(new RegExp(`^${name}[:=](?:calls=)?([\\d.]+)`, 'm').exec(info)?.[1] ?? 0)
  return {
    cpu: (value('used_cpu_user') + value('used_cpu_sys')) * 1e6,
    bytes: value('used_memory'),
    calls: value('cmdstat_fcall'),
  }
}
