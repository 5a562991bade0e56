import pg from 'pg'

const CONNECT_MS = 3_000

/** Nodes have the database open whose epochs were to be raised. */
export class NodesConnected extends Error {
  constructor(connections: number) {
    super(`${connections} connections of nodes are open; stop all nodes first`)
    this.name = 'NodesConnected'
  }
}

/**
 * Begins a new epoch of every room, after an older copy of the database was put in place: what came after it is lost, so no
 * client may go on from where it was. To the time in seconds: above any epoch that an earlier call on the same copy gave
 * out. A fast log beside the database that still holds what came after is not written to it any more. Answers how many
 * rooms there are; throws `NodesConnected` while nodes run.
 */
export async function raiseEpochs(url: string, now: number = Date.now()): Promise<number> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS,
    application_name: 'yeoul raise-epochs',
  })
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query('BEGIN')
    const { rows } = await client.query(NODES)
    const connections = (rows[0] as { connections: number }).connections
    if (connections > 0) throw new NodesConnected(connections)
    const raised = await client.query('UPDATE rooms SET epoch = greatest(epoch + 1, $1)', [Math.floor(now / 1_000)])
    await client.query(FENCE)
    // With all nodes stopped and every room in a new epoch, they may go on with another log.
    await client.query('UPDATE cluster SET log = NULL')
    await client.query('COMMIT')
    return raised.rowCount ?? 0
  } finally {
    await client.end()
  }
}

const NODES = `
  SELECT count(*)::int AS connections FROM pg_stat_activity
  WHERE datname = current_database() AND application_name LIKE 'yeoul%' AND pid <> pg_backend_pid()`

/** No log was ever adopted for this owner: each partition begins anew with an empty one. */
const FENCE = `
  UPDATE partitions
  SET owner = 'restored', epoch = epoch + 1, position = '0-0', lease_owner = NULL, lease_until = 0`
