/**
 * A write-back worker as a process of its own, so that it can be killed and stopped: `node write-back-worker.ts`, with
 * what it needs in the environment. Prints its figures as one line of JSON, several times a second.
 */
import { RedisLink } from '../../src/adapters/redis/connection.ts'
import { LogFunctions } from '../../src/adapters/redis/log-functions.ts'
import { RedisLogSide } from '../../src/adapters/redis/write-back.ts'
import { openWriteBack } from '../../src/adapters/sql/postgres/write-back.ts'
import { startPersist } from '../../src/jobs/persist.ts'

const { REDIS, DATABASE, PARTITIONS, WORKER, BATCH = '500', INTERVAL_MS = '50' } = process.env
if (REDIS === undefined || DATABASE === undefined || WORKER === undefined) throw new Error('REDIS, DATABASE, WORKER')

const link = await RedisLink.open({ urls: REDIS })
const measure = { observe() {} }
const worker = startPersist({
  worker: WORKER,
  logSide: new RedisLogSide({ functions: new LogFunctions(link, Number(PARTITIONS)), windowMs: () => 60_000 }),
  database: openWriteBack(DATABASE),
  batch: () => Number(BATCH),
  intervalMs: () => Number(INTERVAL_MS),
  tries: () => 3,
  trimAfterMs: 500,
  metrics: { batchSize: measure, seconds: measure, read() {} },
  log: {
    warn: (details, message) => console.error(WORKER, message, details),
    error: (details, message) => console.error(WORKER, message, details),
  },
})
const told = setInterval(() => console.log(JSON.stringify(worker.stats())), 100)
process.on('SIGTERM', async () => {
  clearInterval(told)
  await worker.stop()
  console.log(JSON.stringify(worker.stats()))
  link.close()
})
