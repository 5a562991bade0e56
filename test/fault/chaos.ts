/**
 * Chaos: a whole cluster as processes, a crowd that talks, comes and goes on it, and faults of every kind at random, one or
 * two at a time. In the end everything heals, and what everybody was told is compared with what is stored (P1–P5).
 *
 *     npm run chaos -- --minutes 10 --seed 42 --log sql
 *
 * The seed decides which faults come, in which order and for how long; the timing of the programs is their own.
 */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startCluster } from '../../deploy/local/cluster.ts'
import type { Loss } from '../support/checker.ts'
import { through } from '../support/cluster.ts'
import { Crowd } from '../support/crowd.ts'
import { PARTITIONS } from '../support/database.ts'
import { TcpProxy } from '../support/proxy.ts'
import { Random } from '../support/random.ts'
import { API_KEY } from '../support/server.ts'
import { eventually } from '../support/witnesses.ts'
import { type Arena, FAULTS } from './chaos-faults.ts'

export interface ChaosOptions {
  ms: number
  seed?: number
  log?: 'sql' | 'redis'
  gateways?: number
  apis?: number
  workers?: number
  /** Longest pause of a thing, in ms. */
  longestMs?: number
  say: (line: string) => void
}

/** How long the cluster may take to come to rest when all has healed. */
const HEALED_MS = 60_000
const TOGETHER = 2

/** Rejects when the contract was broken. */
export async function chaos(options: ChaosOptions): Promise<void> {
  const { ms, log = 'sql', gateways = 3, apis = 2, workers = 2, longestMs = 12_000, say } = options
  const { seed } = new Random(options.seed)
  say(
    `seed ${seed}, log=${log}, ${Math.round(ms / 1_000)} s, ${gateways} gateways, ${apis} API nodes, ${workers} workers`,
  )
  await using stack = new AsyncDisposableStack()
  const proxies: Arena['proxies'] = []
  const proxy = async (name: string, port: number) => {
    const made = await TcpProxy.to(port)
    stack.defer(() => made.close())
    proxies.push({ name, proxy: made })
    return made
  }
  const died: string[] = []
  const cluster = await startCluster({
    ...{ gateways, apis, workers, log },
    postgres: { fsync: false },
    // With `everysec` Redis puts writes off while its disk syncs, and would forget them when it is killed.
    redis: { appendfsync: 'no' },
    died: ({ name }) => died.push(name),
    env: async ({ name }, backends) => ({
      YEOUL_API_KEY: API_KEY,
      YEOUL_RATE_LIMIT: 'off',
      YEOUL_LOG_LEVEL: 'error',
      YEOUL_PARTITIONS: String(PARTITIONS),
      YEOUL_HEARTBEAT_MS: '4000',
      YEOUL_DRAIN_MS: '1000',
      YEOUL_DATABASE_URL: through(
        await proxy(`${name} to PostgreSQL`, Number(new URL(backends.postgres).port)),
        backends.postgres,
      ),
      YEOUL_REDIS_URL: through(await proxy(`${name} to Redis`, Number(new URL(backends.redis).port)), backends.redis),
    }),
  })
  stack.defer(() => cluster.stop())
  const doors = (role: string) =>
    Promise.all(
      cluster.nodes
        .filter((node) => node.role === role)
        .map(async ({ name, url }) => (await proxy(`clients to ${name}`, Number(new URL(url).port))).url),
    )
  const losses: Loss[] = []
  const busy = new Set<string>()
  using crowd = await Crowd.gather({
    ...{ gateways: await doors('gateway'), apis: await doors('api'), apiKey: API_KEY, random: new Random(seed) },
    ...{ talkers: 4, visitors: 3, everyMs: 25 },
    ...(log === 'redis' && { durability: 'logged' as const, losses: true }),
  })

  const end = performance.now() + ms
  const startedAt = performance.now()
  const clock = () => `${((performance.now() - startedAt) / 1_000).toFixed(1).padStart(6)} s`
  const counts = new Map<string, number>()
  const suffer = async (_: unknown, lane: number) => {
    // Of its own: what it does next depends on nothing but the seed.
    const random = new Random(seed * 1_000 + lane)
    const arena: Arena = { cluster, proxies, random, losses, busy }
    while (performance.now() < end) {
      await sleep(random.whole(100, 1_500))
      const fault = random.pick(FAULTS)
      const underWay = await fault(arena)
      if (underWay === null) continue
      counts.set(underWay.kind, (counts.get(underWay.kind) ?? 0) + 1)
      const lasts = Math.min(random.whole(100, longestMs) * random.next(), Math.max(0, end - performance.now()))
      say(`${clock()}  ${underWay.what}${underWay.end === undefined ? '' : `, for ${Math.round(lasts)} ms`}`)
      if (underWay.end === undefined) continue
      await sleep(lasts)
      await underWay.end()
      busy.delete(underWay.on)
    }
  }
  await Promise.all(Array.from({ length: TOGETHER }, suffer))

  say(`${clock()}  all heals; ${crowd.summary}`)
  for (const { proxy } of proxies) proxy.heal()
  await eventually(
    async () => (await Promise.all(cluster.nodes.map((node) => node.isReady()))).every((ready) => ready),
    () => 'not all nodes are ready again',
    HEALED_MS,
  )
  await crowd.progress(20, HEALED_MS)
  const stored = await crowd.assertKept({
    database: cluster.postgres.url,
    withinMs: HEALED_MS,
    through: cluster.nodes.find(({ role }) => role === 'api')?.url as string,
    ...(log === 'redis' && { losses }),
  })
  const events = [...stored.values()].reduce((sum, room) => sum + room.events.length, 0)
  assert.deepEqual(died, [], 'nothing died by itself')
  say(`${clock()}  ${[...counts].map(([kind, count]) => `${count} ${kind}`).join(', ')}`)
  say(`${clock()}  kept: ${events} events stored; ${crowd.summary}`)
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '5' },
      seed: { type: 'string' },
      log: { type: 'string', default: 'sql' },
    },
  })
  try {
    await chaos({
      ms: Number(values.minutes) * 60_000,
      ...(values.seed !== undefined && { seed: Number(values.seed) }),
      log: values.log === 'redis' ? 'redis' : 'sql',
      say: (line) => console.log(line),
    })
    console.log('The contract was kept (P1–P5).')
  } catch (error) {
    console.error(error)
    console.error('The contract was broken, or the cluster did not come back. Play it again with the seed above.')
    process.exitCode = 1
  }
}
