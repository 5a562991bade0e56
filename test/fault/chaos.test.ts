/** A short run of `npm run chaos` on each log, with seeds that do the same each time. */
import { type TestContext, test } from 'node:test'
import { chaos } from './chaos.ts'

const MS = 12_000

const run = (log: 'sql' | 'redis', seed: number) => (t: TestContext) =>
  chaos({
    ...{ log, seed, ms: MS, longestMs: 4_000 },
    ...{ gateways: 2, apis: 1, workers: log === 'redis' ? 2 : 1 },
    say: (line) => t.diagnostic(line),
  })

test('[P1–P5] chaos: the log in PostgreSQL', { timeout: 180_000 }, run('sql', 1))
test('[P1–P5] chaos: the log in Redis', { timeout: 180_000 }, run('redis', 2))
