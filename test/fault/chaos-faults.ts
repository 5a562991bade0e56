/** The faults of the chaos run. Each takes what it needs of the arena, does its harm, and knows how to end it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import pg from 'pg'
import type { Cluster } from '../../deploy/local/cluster.ts'
import type { LocalRedis } from '../../deploy/local/redis.ts'
import type { Loss } from '../support/checker.ts'
import type { TcpProxy, Weather } from '../support/proxy.ts'
import type { Random } from '../support/random.ts'

export interface Arena {
  cluster: Cluster
  /** Between nodes and what they stand on, and between clients and nodes. */
  proxies: { name: string; proxy: TcpProxy }[]
  random: Random
  /** When Redis lost data. */
  losses: Loss[]
  /** What something is being done to: one fault at a time for each. */
  busy: Set<string>
}

export interface UnderWay {
  kind: string
  what: string
  /** What it is done to. */
  on: string
  /** None: it is over already. */
  end?: () => Promise<unknown> | unknown
}

/** Answers null when what it needs has a fault already. */
export type Fault = (arena: Arena) => Promise<UnderWay | null>

const STARTS = 60
/** What was acknowledged longer ago is in the database, also when that and a worker were away for the longest time. */
const UNWRITTEN_MS = 40_000

/** One fault at a time for each thing; a fault that is over at once frees it itself. */
function on(arena: Arena, thing: string): boolean {
  if (arena.busy.has(thing)) return false
  arena.busy.add(thing)
  return true
}

function atOnce(arena: Arena, kind: string, thing: string, what = `${thing}: ${kind}`): UnderWay {
  arena.busy.delete(thing)
  return { kind, what, on: thing }
}

/** Starts a node again, as whoever watches over it would: it may meet a database that is away, and end. */
async function startAgain({ cluster }: Arena, name: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await cluster.restart(name)
    } catch (error) {
      if (tries === STARTS) throw error
      await sleep(500)
    }
  }
}

const killNode: Fault = async (arena) => {
  const { name } = arena.random.pick(arena.cluster.nodes)
  if (!on(arena, name)) return null
  await arena.cluster.kill(name)
  return { kind: 'nodes killed', what: `kill -9 ${name}`, on: name, end: () => startAgain(arena, name) }
}

const drainNode: Fault = async (arena) => {
  const { name } = arena.random.pick(arena.cluster.nodes)
  if (!on(arena, name)) return null
  await startAgain(arena, name)
  return atOnce(arena, 'nodes drained', name, `${name} is drained and started again`)
}

const stopNode: Fault = async (arena) => {
  const { name, pid } = arena.random.pick(arena.cluster.nodes)
  if (!on(arena, name)) return null
  process.kill(pid, 'SIGSTOP')
  return { kind: 'nodes stopped', what: `SIGSTOP ${name}`, on: name, end: () => process.kill(pid, 'SIGCONT') }
}

const killRedis: Fault = async (arena) => {
  if (!on(arena, 'Redis')) return null
  await arena.cluster.kill('redis')
  return { kind: 'Redis killed', what: 'kill -9 Redis', on: 'Redis', end: () => arena.cluster.restart('redis') }
}

const stopRedis: Fault = async (arena) => {
  if (!on(arena, 'Redis')) return null
  const redis = arena.cluster.redis as LocalRedis
  redis.pause()
  return { kind: 'Redis stopped', what: 'SIGSTOP Redis', on: 'Redis', end: () => redis.resume() }
}

async function askRedis(arena: Arena, ...command: [string, ...(string | number)[]]): Promise<void> {
  const redis = new Redis(arena.cluster.redis.url)
  try {
    await redis.call(...command)
  } finally {
    redis.disconnect()
  }
}

const flushRedis: Fault = async (arena) => {
  if (!on(arena, 'Redis')) return null
  await askRedis(arena, 'FLUSHALL')
  arena.losses.push({ from: Date.now() - UNWRITTEN_MS, to: Date.now() })
  return atOnce(arena, 'Redis wiped', 'Redis', 'FLUSHALL')
}

const fillRedis: Fault = async (arena) => {
  if (!on(arena, 'Redis')) return null
  await askRedis(arena, 'CONFIG', 'SET', 'maxmemory', 1)
  return {
    kind: 'Redis full',
    what: 'Redis is out of memory',
    on: 'Redis',
    end: () => askRedis(arena, 'CONFIG', 'SET', 'maxmemory', 0),
  }
}

const cutRedis: Fault = async (arena) => {
  if (!on(arena, 'Redis')) return null
  const type = arena.random.pick(['pubsub', 'normal'])
  await askRedis(arena, 'CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes')
  return atOnce(arena, 'Redis connections cut', 'Redis', `CLIENT KILL TYPE ${type}`)
}

const killPostgres: Fault = async (arena) => {
  if (!on(arena, 'PostgreSQL')) return null
  await arena.cluster.kill('postgres')
  const end = () => arena.cluster.restart('postgres')
  return { kind: 'PostgreSQL killed', what: 'kill -9 PostgreSQL', on: 'PostgreSQL', end }
}

const stopPostgres: Fault = async (arena) => {
  if (!on(arena, 'PostgreSQL')) return null
  const { postgres } = arena.cluster
  postgres.pause()
  return { kind: 'PostgreSQL stopped', what: 'SIGSTOP PostgreSQL', on: 'PostgreSQL', end: () => postgres.resume() }
}

async function postgresClient(arena: Arena): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: arena.cluster.postgres.url })
  client.on('error', () => {})
  await client.connect()
  return client
}

const lockPostgres: Fault = async (arena) => {
  if (!on(arena, 'PostgreSQL')) return null
  const client = await postgresClient(arena)
  const table = arena.random.pick(['events', 'rooms', 'members'])
  await client.query('BEGIN')
  await client.query(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`)
  const end = () => client.end()
  return { kind: 'tables locked', what: `LOCK TABLE ${table}`, on: 'PostgreSQL', end }
}

const cutPostgres: Fault = async (arena) => {
  if (!on(arena, 'PostgreSQL')) return null
  const client = await postgresClient(arena)
  await client.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'`,
  )
  await client.end()
  return atOnce(arena, 'PostgreSQL connections cut', 'PostgreSQL', 'all connections of PostgreSQL are cut')
}

/** One way between two parts gets bad. */
const badNetwork: Fault = async (arena) => {
  const { random } = arena
  const { name, proxy } = random.pick(arena.proxies)
  if (!on(arena, name)) return null
  const end = () => proxy.heal()
  const kind = 'bad networks'
  const way = random.pick<keyof Pick<TcpProxy, 'up' | 'down'>>(['up', 'down'])
  const weather = (changes: Partial<Weather>, what: string, ways = [way]): UnderWay => {
    for (const one of ways) Object.assign(proxy[one], changes)
    return { kind, what: `${name}: ${what}`, on: name, end }
  }
  switch (random.whole(0, 5)) {
    case 0:
      return weather({ delayMs: 200 }, '200 ms each way', ['up', 'down'])
    case 1:
      return weather({ frozen: true }, `nothing gets through one way (${way})`)
    case 2:
      return weather({ frozen: true }, 'nothing gets through', ['up', 'down'])
    case 3:
      return weather({ bytesPerSecond: 50_000 }, `slow (${way})`)
    case 4:
      proxy.refuse()
      return { kind, what: `${name}: refused`, on: name, end }
    default:
      proxy.loseAll()
      return atOnce(arena, kind, name, `${name}: open connections are lost without a word`)
  }
}

/** A burst of cuts on every way at once. */
const cutAll: Fault = async (arena) => {
  for (let i = 0; i < 3; i++) {
    for (const { name, proxy } of arena.proxies) if (!arena.busy.has(name)) proxy.cutAll()
    await sleep(100)
  }
  return { kind: 'storms', what: 'every connection is cut, three times', on: 'everything' }
}

/** Likelier ones stand more often. */
export const FAULTS: Fault[] = [
  ...[killNode, killNode, killNode, drainNode, stopNode, stopNode],
  ...[killRedis, stopRedis, flushRedis, fillRedis, cutRedis, cutRedis],
  ...[killPostgres, stopPostgres, lockPostgres, cutPostgres],
  ...[badNetwork, badNetwork, badNetwork, badNetwork, badNetwork, badNetwork, cutAll],
]
