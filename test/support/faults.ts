/** What can happen to Redis and PostgreSQL, and to the ways between them and the nodes of a cluster in this process. */
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import pg from 'pg'
import type { ClusterNode, TestCluster } from './cluster.ts'
import type { TcpProxy, Weather } from './proxy.ts'

/** Ends a fault. */
type End = () => Promise<unknown> | unknown
/** Of a fault that ends by itself. */
const OVER: End = () => {}

export interface Fault {
  /** What Redis or PostgreSQL does. */
  what: string
  /** Answers how it ends. */
  begin: (cluster: TestCluster) => Promise<End> | End
  /** How long it lasts. */
  ms: number
  /**
   * What it means for who needs it: `away` answers nothing, `apart` nothing to the first node alone; `locked` answers some
   * things; `shaky` is slow or cuts, and goes on; `wiped` and `full` speak for themselves.
   */
  state: 'away' | 'apart' | 'locked' | 'shaky' | 'wiped' | 'full'
}

/** Begins a fault. It ends when the answer is called, and with the test if that fails before: the next one suffers its own. */
export async function strike(t: TestContext, { begin }: Fault, cluster: TestCluster): Promise<() => Promise<void>> {
  let end: End | null = await begin(cluster)
  const endOnce = async () => {
    const ending = end
    end = null
    await ending?.()
  }
  t.after(endOnce)
  return endOnce
}

async function askRedis(cluster: TestCluster, ...command: [string, ...(string | number)[]]): Promise<void> {
  const redis = new Redis(cluster.redis.url)
  try {
    await redis.call(...command)
  } finally {
    redis.disconnect()
  }
}

/** Changes the network between nodes and a backend; ends with good weather. */
function network(nodes: ClusterNode[], to: 'toRedis' | 'toDatabase', changes: Partial<Weather>, ways: Way[]): End {
  for (const node of nodes) for (const way of ways) Object.assign(node[to][way], changes)
  return () => {
    for (const node of nodes) node[to].heal()
  }
}
type Way = keyof Pick<TcpProxy, 'up' | 'down'>

const first = ({ nodes }: TestCluster) => nodes.slice(0, 1)
const FROZEN = { frozen: true }

export const REDIS_FAULTS: Fault[] = [
  {
    what: 'is killed and started again',
    ...{ ms: 2_500, state: 'away' },
    begin: async ({ redis }) => {
      await redis.kill()
      return () => redis.restart()
    },
  },
  {
    what: 'hangs (SIGSTOP)',
    ...{ ms: 2_500, state: 'away' },
    begin: ({ redis }) => {
      redis.pause()
      return () => redis.resume()
    },
  },
  {
    what: 'answers nobody (CLIENT PAUSE)',
    // It ends by itself, some time after we have looked.
    ...{ ms: 2_000, state: 'away' },
    begin: (cluster) => askRedis(cluster, 'CLIENT', 'PAUSE', 2_500, 'ALL').then(() => OVER),
  },
  {
    what: 'loses all that it holds (FLUSHALL)',
    ...{ ms: 200, state: 'wiped' },
    begin: (cluster) => askRedis(cluster, 'FLUSHALL').then(() => OVER),
  },
  {
    what: 'is out of memory',
    ...{ ms: 2_500, state: 'full' },
    begin: async (cluster) => {
      await askRedis(cluster, 'CONFIG', 'SET', 'maxmemory', 1)
      return () => askRedis(cluster, 'CONFIG', 'SET', 'maxmemory', 0)
    },
  },
  {
    what: 'cuts its subscribers, again and again (CLIENT KILL)',
    ...{ ms: 0, state: 'shaky' },
    begin: async (cluster) => {
      for (let i = 0; i < 5; i++) {
        await askRedis(cluster, 'CLIENT', 'KILL', 'TYPE', 'pubsub')
        await sleep(300)
      }
      return OVER
    },
  },
  {
    what: 'cuts subscribers whose output buffer is full',
    ...{ ms: 2_500, state: 'shaky' },
    begin: async (cluster) => {
      await askRedis(cluster, 'CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 4096 4096 1')
      const end = network(cluster.nodes, 'toRedis', { bytesPerSecond: 20_000 }, ['down'])
      return async () => {
        await end()
        await askRedis(cluster, 'CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 33554432 8388608 60')
      }
    },
  },
  {
    what: 'is far away (150 ms each way)',
    ...{ ms: 2_500, state: 'shaky' },
    begin: ({ nodes }) => network(nodes, 'toRedis', { delayMs: 150 }, ['up', 'down']),
  },
  {
    what: 'is not heard by a node',
    ...{ ms: 4_000, state: 'apart' },
    begin: (cluster) => network(first(cluster), 'toRedis', FROZEN, ['down']),
  },
  {
    what: 'does not hear a node',
    ...{ ms: 4_000, state: 'apart' },
    begin: (cluster) => network(first(cluster), 'toRedis', FROZEN, ['up']),
  },
  {
    what: 'is lost to all nodes without a word (half-open)',
    ...{ ms: 4_000, state: 'shaky' },
    begin: ({ nodes }) => {
      for (const { toRedis } of nodes) toRedis.loseAll()
      return OVER
    },
  },
]

const CUTS = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'`

async function postgresClient({ postgres }: TestCluster): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: postgres.url })
  client.on('error', () => {})
  await client.connect()
  return client
}

export const POSTGRES_FAULTS: Fault[] = [
  {
    what: 'is killed and started again',
    ...{ ms: 3_000, state: 'away' },
    begin: async ({ postgres }) => {
      await postgres.kill()
      return () => postgres.restart()
    },
  },
  {
    what: 'hangs (SIGSTOP)',
    ...{ ms: 3_500, state: 'away' },
    begin: ({ postgres }) => {
      postgres.pause()
      return () => postgres.resume()
    },
  },
  {
    what: 'holds a lock on its rooms (LOCK TABLE)',
    ...{ ms: 2_000, state: 'locked' },
    begin: async (cluster) => {
      const client = await postgresClient(cluster)
      await client.query('BEGIN')
      await client.query('LOCK TABLE rooms IN ACCESS EXCLUSIVE MODE')
      return () => client.end()
    },
  },
  {
    what: 'cuts every connection, again and again',
    ...{ ms: 0, state: 'shaky' },
    begin: async (cluster) => {
      for (let i = 0; i < 6; i++) {
        const client = await postgresClient(cluster)
        await client.query(CUTS)
        await client.end()
        await sleep(250)
      }
      return OVER
    },
  },
  {
    what: 'is behind a network that cuts every connection',
    ...{ ms: 0, state: 'shaky' },
    begin: async ({ nodes }) => {
      for (let i = 0; i < 6; i++) {
        for (const { toDatabase } of nodes) toDatabase.cutAll()
        await sleep(250)
      }
      return OVER
    },
  },
  {
    what: 'is far away (100 ms each way)',
    ...{ ms: 2_500, state: 'shaky' },
    begin: ({ nodes }) => network(nodes, 'toDatabase', { delayMs: 100 }, ['up', 'down']),
  },
  {
    what: 'is not heard by the nodes',
    ...{ ms: 3_000, state: 'away' },
    begin: ({ nodes }) => network(nodes, 'toDatabase', FROZEN, ['down']),
  },
  {
    what: 'does not hear the nodes, for longer than anybody waits',
    ...{ ms: 11_000, state: 'away' },
    begin: ({ nodes }) => network(nodes, 'toDatabase', FROZEN, ['up']),
  },
]
