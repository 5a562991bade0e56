/**
 * What the Redis log costs: messages a second, CPU of Redis and of this process for each, and bytes in Redis while they are
 * not in the database. `node load/parts/redis-log.ts`; it starts a Redis and a PostgreSQL of its own. No worker runs meanwhile.
 */
import { parseArgs } from 'node:util'
import { LogAlone } from './log-alone.ts'

const { values } = parseArgs({
  options: {
    rooms: { type: 'string', default: '500' },
    users: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '5' },
    partitions: { type: 'string', default: '64' },
    fsync: { type: 'string', default: 'everysec' },
    /** Messages of one append, and how many appends are under way at once. */
    shapes: { type: 'string', default: '1x1,1x32,14x1,100x1,300x1' },
  },
})
const seconds = Number(values.seconds)

const alone = await LogAlone.start({ partitions: Number(values.partitions), appendfsync: values.fsync, fsync: false })
try {
  await alone.furnish(Number(values.rooms), Number(values.users))
  console.log(`${values.rooms} rooms of ${values.users}, ${values.partitions} partitions, appendfsync ${values.fsync}`)
  for (const shape of values.shapes.split(',')) {
    const [batch, inFlight] = shape.split('x').map(Number) as [number, number]
    await measure(batch, inFlight)
  }
} finally {
  await alone.stop()
}

async function measure(batch: number, inFlight: number): Promise<void> {
  const before = await alone.usage()
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  const end = startedAt + seconds * 1_000
  const took: number[] = []
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (performance.now() < end) {
        const at = performance.now()
        await alone.say(batch)
        took.push(performance.now() - at)
      }
    }),
  )
  const elapsed = (performance.now() - startedAt) / 1_000
  const cpu = process.cpuUsage(cpuBefore)
  const after = await alone.usage()
  const messages = took.length * batch
  took.sort((a, b) => a - b)
  const at = (share: number) => (took[Math.floor(took.length * share)] ?? 0).toFixed(2)
  console.log(
    `${String(batch).padStart(3)} an append, ${String(inFlight).padStart(2)} at once: ${Math.round(messages / elapsed)} messages/s; ` +
      `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms; for each message ` +
      `${((after.cpu - before.cpu) / messages).toFixed(1)} µs of Redis, ${((cpu.user + cpu.system) / messages).toFixed(1)} µs of this process, ` +
      `${Math.round((after.bytes - before.bytes) / messages)} bytes in Redis, ${((after.calls - before.calls) / messages).toFixed(2)} calls`,
  )
}
