/**
 * A cluster of the tests: a real PostgreSQL, a real Redis, and nodes in this process or in processes of their own, each
 * behind TCP proxies of its own towards both.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Postgres, type PostgresOptions, startPostgres } from '../../deploy/local/postgres.ts'
import { type LocalRedis, type RedisOptions, startRedis } from '../../deploy/local/redis.ts'
import type { Config } from '../../src/config.ts'
import { PARTITIONS } from './database.ts'
import { TcpProxy } from './proxy.ts'
import { startTestServer, type TestServer } from './server.ts'
import { eventually } from './witnesses.ts'

const JWT_SECRET = 'a secret that all nodes of the tests share'

/** A node in this process. */
export interface ClusterNode extends TestServer {
  name: string
  toDatabase: TcpProxy
  toRedis: TcpProxy
}

export interface TestCluster {
  postgres: Postgres
  redis: LocalRedis
  nodes: ClusterNode[]
  urls: string[]
  /** Starts one more. */
  addNode(changes?: Partial<Config>): Promise<ClusterNode>
  [Symbol.asyncDispose](): Promise<void>
}

export interface ClusterOptions {
  nodes?: number
  config?: Partial<Config>
  redis?: RedisOptions
  postgres?: PostgresOptions
}

/** Starts the backends and then the nodes, one after the other. `await using` it. */
export async function startTestCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  const stack = new AsyncDisposableStack()
  stack.use(noRejectionUnhandled())
  try {
    const [postgres, redis] = await Promise.all([
      startPostgres({ fsync: false, ...options.postgres }),
      startRedis({ appendonly: options.config?.log === 'redis', ...options.redis }),
    ])
    stack.defer(() => postgres.stop())
    stack.defer(() => redis.stop())
    const nodes: ClusterNode[] = []
    const addNode = async (changes: Partial<Config> = {}) => {
      const node = await startNode(`node-${nodes.length + 1}`, { postgres, redis }, { ...options.config, ...changes })
      stack.use(node)
      nodes.push(node)
      return node
    }
    for (let i = 0; i < (options.nodes ?? 3); i++) await addNode()
    // A log in Redis takes nothing until workers have taken it on.
    const ready = async () => (await Promise.all(nodes.map(({ url }) => fetch(`${url}/readyz`)))).every(({ ok }) => ok)
    await eventually(ready, () => 'not all nodes are ready')
    return {
      postgres,
      redis,
      nodes,
      get urls() {
        return nodes.map((node) => node.url)
      },
      addNode,
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

async function startNode(
  name: string,
  backends: { postgres: Postgres; redis: LocalRedis },
  changes: Partial<Config>,
): Promise<ClusterNode> {
  const toDatabase = await TcpProxy.to(backends.postgres.port)
  const toRedis = await TcpProxy.to(backends.redis.port)
  // Nothing of it is used; a node that writes there all the same is seen.
  const dataDir = await mkdtemp(join(tmpdir(), 'yeoul-node-'))
  const close = async () => {
    toDatabase.close()
    toRedis.close()
    await rm(dataDir, { recursive: true, force: true })
  }
  try {
    const server = await startTestServer({
      nodeName: name,
      dataDir,
      jwtSecret: JWT_SECRET,
      partitions: PARTITIONS,
      databaseUrl: through(toDatabase, backends.postgres.url),
      redisUrl: through(toRedis, backends.redis.url),
      ...changes,
    })
    const dispose = server[Symbol.asyncDispose]
    return {
      ...server,
      name,
      toDatabase,
      toRedis,
      async [Symbol.asyncDispose]() {
        await dispose()
        await close()
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** The address of a backend by way of a proxy. */
export function through(proxy: TcpProxy, url: string): string {
  const address = new URL(url)
  address.host = `127.0.0.1:${proxy.port}`
  return String(address)
}

/** In a process of its own, an unhandled rejection would end the node. */
function noRejectionUnhandled(): Disposable {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => void unhandled.push(reason)
  process.on('unhandledRejection', note)
  return {
    [Symbol.dispose]() {
      process.off('unhandledRejection', note)
      assert.deepEqual(unhandled, [])
    },
  }
}
