import pg from 'pg'
import { newId } from '../../../core/ids.ts'
import { MIGRATIONS, postgresOf } from '../migrations.ts'

/** A database of another cluster, one made for another number of partitions, or one whose nodes keep their log elsewhere. */
export class WrongCluster extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'WrongCluster'
  }
}

export interface Cluster {
  /** Made with the first node. */
  id: string
  partitions: number
}

/** Where the nodes of a cluster keep their log. */
type LogPlace = 'sql' | 'redis'

const CONNECT_MS = 3_000
/** How long a node waits for another one that brings the schema up to date. */
const LOCK_MS = 60_000
/** Any number that no other program takes. */
const LOCK = 0x7965_6f75_6c
const VERSION_MIN = 15

/**
 * Brings the database up to this program's schema and makes it the cluster's, or finds that it is: once, however many nodes
 * start at the same time. Throws `WrongCluster`, or an error of one line: the database cannot be reached, is too old, or
 * has a schema that this program cannot work with.
 */
export async function migrate(url: string, partitions: number, log?: LogPlace): Promise<Cluster> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS,
    application_name: 'yeoul start',
    keepAlive: true,
  })
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (error) {
    throw new Error(`cannot reach the database: ${reasonOf(error)}`, { cause: error })
  }
  try {
    await refuseUnfit(client)
    // What another node did while this one waited for the lock must be seen.
    await client.query('BEGIN ISOLATION LEVEL READ COMMITTED')
    await client.query(`SET LOCAL lock_timeout = ${LOCK_MS}`)
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK])
    await takeSteps(client)
    const cluster = await identify(client, partitions)
    if (log !== undefined) await agreeOn(client, log)
    await client.query('COMMIT')
    return cluster
  } finally {
    await client.end()
  }
}

function reasonOf(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException
  return message || code || String(error)
}

async function refuseUnfit(client: pg.Client): Promise<void> {
  const { rows } = await client.query(
    `SELECT current_setting('server_version') AS version, current_setting('server_encoding') AS encoding`,
  )
  const { version, encoding } = rows[0] as { version: string; encoding: string }
  if (Number.parseInt(version, 10) < VERSION_MIN) {
    throw new Error(`PostgreSQL ${VERSION_MIN} or newer is needed, and this is ${version}`)
  }
  if (encoding !== 'UTF8') throw new Error(`the database must have the encoding UTF8, and has ${encoding}`)
}

/** A newer schema is no hindrance while its steps only add: so nodes of two versions run side by side during an upgrade. */
async function takeSteps(client: pg.Client): Promise<void> {
  await client.query(`
    CREATE TABLE IF NOT EXISTS schema_steps (
      version BIGINT PRIMARY KEY, name TEXT NOT NULL, at BIGINT NOT NULL, incompatible BOOLEAN NOT NULL DEFAULT false
    )`)
  const { rows } = await client.query(
    `SELECT coalesce(max(version), 0)::int AS version, coalesce(max(version) FILTER (WHERE incompatible), 0)::int AS needed
     FROM schema_steps`,
  )
  const { version, needed } = rows[0] as { version: number; needed: number }
  if (needed > MIGRATIONS.length) {
    throw new Error(
      `the database has schema version ${version}, this Yeoul knows ${MIGRATIONS.length}: use a newer Yeoul`,
    )
  }
  for (const [i, step] of MIGRATIONS.entries()) {
    if (i < version) continue
    await client.query(postgresOf(step))
    await client.query('INSERT INTO schema_steps (version, name, at, incompatible) VALUES ($1, $2, $3, $4)', [
      i + 1,
      step.name,
      Date.now(),
      step.incompatible ?? false,
    ])
  }
}

async function identify(client: pg.Client, partitions: number): Promise<Cluster> {
  const { rows } = await client.query('SELECT id, partitions::int FROM cluster')
  const known = rows[0] as Cluster | undefined
  if (known === undefined) {
    const cluster = { id: newId(), partitions }
    await client.query('INSERT INTO cluster (id, partitions, created_at) VALUES ($1, $2, $3)', [
      cluster.id,
      partitions,
      Date.now(),
    ])
    return cluster
  }
  if (known.partitions !== partitions) {
    throw new WrongCluster(
      `the database belongs to a cluster of ${known.partitions} partitions, and this node is set to ${partitions}: set YEOUL_PARTITIONS=${known.partitions}`,
    )
  }
  return known
}

/**
 * Two logs would give the same seqs to different events, and what one of them acknowledged would be lost: so the first node
 * decides for all, and `yeoul raise-epochs` makes it open again.
 */
async function agreeOn(client: pg.Client, log: LogPlace): Promise<void> {
  const { rows } = await client.query('UPDATE cluster SET log = coalesce(log, $1) RETURNING log', [log])
  const known = (rows[0] as { log: string }).log
  if (known === log) return
  throw new WrongCluster(
    `the nodes of this cluster keep their log in ${known}, and this one is set to ${log}: set YEOUL_LOG=${known} (docs/cluster.md says how to change it)`,
  )
}
