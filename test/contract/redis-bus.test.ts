import { after } from 'node:test'
import { startRedis, startRedisCluster } from '../../deploy/local/redis.ts'
import { RedisBus } from '../../src/adapters/redis/bus.ts'
import { RedisLink } from '../../src/adapters/redis/connection.ts'
import { newId } from '../../src/core/ids.ts'
import { busContract, type OpenBuses } from './bus.contract.ts'

const alone = await startRedis()
const cluster = await startRedisCluster(3)
after(() => Promise.all([alone.stop(), cluster.stop()]))

/** The buses of three nodes. */
async function open(urls: string): Promise<OpenBuses> {
  const links = await Promise.all([1, 2, 3].map(() => RedisLink.open({ urls })))
  const nodes = links.map((link) => new RedisBus({ link, partitions: 8, node: newId() }))
  return {
    nodes: nodes as [RedisBus, ...RedisBus[]],
    close: async () => {
      for (const node of nodes) node.close()
      for (const link of links) link.close()
    },
  }
}

busContract('one Redis', () => open(alone.url))
busContract('Redis Cluster', () => open(cluster.url))
