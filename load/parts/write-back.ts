/**
 * What bringing the Redis log to PostgreSQL costs: `node load/parts/write-back.ts [--seconds 6] [--rates 500,2000]`. A Redis and a
 * synced PostgreSQL of its own, two workers as processes of their own, messages at a fixed rate. Per message: CPU of the workers
 * and of PostgreSQL, and functions called in Redis, those of the appends included; statements for 1,000 messages.
 */
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { RedisLink } from '../../src/adapters/redis/connection.ts'
import { LogFunctions } from '../../src/adapters/redis/log-functions.ts'
import { RedisLogSide } from '../../src/adapters/redis/write-back.ts'
import { openWriteBack } from '../../src/adapters/sql/postgres/write-back.ts'
import { type PersistStats, startPersist } from '../../src/jobs/persist.ts'
import { sleep } from '../generator/clock.ts'
import { cpuSeconds, startChild, stopChild, treeCpuSeconds } from '../measure/processes.ts'
import { LogAlone, WINDOW_MS } from './log-alone.ts'

const PARTITIONS = 64
/** How often a node appends under load, ms. */
const APPEND_MS = 20
const SETTLE_MS = 3_000

const { values, positionals } = parseArgs({
  options: { seconds: { type: 'string', default: '6' }, rates: { type: 'string', default: '500,2000' } },
  allowPositionals: true,
})

if (positionals.length > 0) await work(...(positionals as [string, string, string]))
else await measureAll()

/** A worker with the settings that nodes have; says once a second what it did. */
async function work(worker: string, redisUrl: string, databaseUrl: string): Promise<void> {
  const link = await RedisLink.open({ urls: redisUrl })
  const nothing = { observe() {} }
  const persist = startPersist({
    worker,
    logSide: new RedisLogSide({ functions: new LogFunctions(link, PARTITIONS), windowMs: () => WINDOW_MS }),
    database: openWriteBack(databaseUrl),
    batch: () => 500,
    intervalMs: () => 1_000,
    tries: () => 5,
    metrics: { batchSize: nothing, seconds: nothing, read() {} },
    log: { warn: (details, message) => console.error(message, details), error: (_, message) => console.error(message) },
  })
  const telling = setInterval(() => console.log(JSON.stringify(persist.stats())), 100)
  process.once('SIGTERM', async () => {
    clearInterval(telling)
    await persist.stop()
    link.close()
  })
}

async function measureAll(): Promise<void> {
  const alone = await LogAlone.start({ partitions: PARTITIONS, appendfsync: 'everysec', fsync: true })
  const workers = ['one', 'two'].map((name) => {
    const child = startChild([process.argv[1] as string, name, alone.redis.url, alone.postgres.url])
    const told = { child, pid: child.pid as number, stats: null as PersistStats | null }
    createInterface({ input: child.stdout! }).on('line', (line) => (told.stats = JSON.parse(line)))
    child.stderr?.pipe(process.stderr)
    return told
  })
  try {
    await alone.furnish(500, 10)
    const usage = async () => ({
      at: performance.now(),
      workers: workers.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0),
      postgres: treeCpuSeconds(alone.postgres.pid),
      redis: await alone.usage(),
      written: sum((stats) => stats.written),
      batches: sum((stats) => stats.batches),
      statements: sum((stats) => stats.statements),
    })
    const sum = (of: (stats: PersistStats) => number) =>
      workers.reduce((total, { stats }) => total + (stats === null ? 0 : of(stats)), 0)
    console.log(
      '| messages/s | workers, µs | PostgreSQL, µs | Redis, µs | calls | entries a batch | statements for 1,000 |',
    )
    console.log('|---|---|---|---|---|---|---|')
    for (const rate of values.rates.split(',').map(Number)) {
      let counting = false
      let before = await usage()
      const startedAt = performance.now()
      const untilMs = SETTLE_MS + Number(values.seconds) * 1_000
      for (let said = 0, now = 0; now < untilMs; now = performance.now() - startedAt) {
        if (!counting && now >= SETTLE_MS) {
          counting = true
          before = await usage()
        }
        const due = Math.floor((rate * now) / 1_000) - said
        if (due > 0) await alone.say(due)
        said += Math.max(0, due)
        await sleep(APPEND_MS)
      }
      const after = await usage()
      const written = after.written - before.written
      const each = (value: number) => (value / written).toFixed(1)
      const row = [
        Math.round((written * 1_000) / (after.at - before.at)),
        each((after.workers - before.workers) * 1e6),
        each((after.postgres - before.postgres) * 1e6),
        each(after.redis.cpu - before.redis.cpu),
        ((after.redis.calls - before.redis.calls) / written).toFixed(2),
        (written / (after.batches - before.batches)).toFixed(0),
        each((after.statements - before.statements) * 1_000),
      ]
      console.log(`| ${row.join(' | ')} |`)
    }
  } finally {
    await Promise.all(workers.map(({ child }) => stopChild(child)))
    await alone.stop()
  }
}
