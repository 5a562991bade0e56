import type { RedisLink } from './connection.ts'

const KEY = 'yeoul:cluster'

/** This Redis is another cluster's. */
export class ForeignRedis extends Error {
  override name = 'ForeignRedis'
}

/**
 * Makes a Redis this cluster's, the first time, so that two clusters never hear each other. Throws `ForeignRedis`, in one
 * line, when it is another one's.
 */
export async function claimRedis(link: RedisLink, cluster: string): Promise<void> {
  const owner = await link.call(KEY, 'SET', [KEY, cluster, 'NX', 'GET'])
  if (owner !== null && String(owner) !== cluster)
    throw new ForeignRedis(
      `this Redis belongs to another Yeoul (its cluster is ${String(owner)}, the database's is ${cluster}): give each a Redis of its own`,
    )
}
