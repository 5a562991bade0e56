import { FIRST, type Lease } from '../../../ports/write-back.ts'
import type { Statement } from './pool.ts'
import type { WriteBackConnection } from './write-back-connection.ts'

/** The rows of all partitions of the cluster, made by the first worker. */
const MAKE: Statement = {
  name: 'write-back-partitions',
  text: `
    INSERT INTO partitions (pk) SELECT each.pk FROM cluster, generate_series(0, cluster.partitions - 1) AS each (pk)
    ON CONFLICT DO NOTHING`,
}

/** Time is the database's: the clocks of workers need not agree. */
const NOW = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint'

/**
 * A fair share is what each has when the partitions are dealt out evenly among this worker and all whose leases have not
 * lapsed. What is missing to it is taken from what is free or lapsed, then from who holds more. A worker that is robbed
 * notices at its next batch, which then writes nothing: a lease is a hint, the fence is the compare-and-set of the batch.
 * The last condition is looked at again after a wait for a row: who renewed meanwhile keeps it.
 */
const LEASE: Statement = {
  name: 'write-back-lease',
  text: `
    WITH seen AS MATERIALIZED (
      SELECT pk, CASE WHEN lease_until > ${NOW} OR lease_owner = $1 THEN lease_owner END AS holder FROM partitions
    ),
    workers AS MATERIALIZED (SELECT DISTINCT holder FROM seen WHERE holder <> $1),
    share AS MATERIALIZED (
      SELECT (SELECT count(*) FROM seen)::numeric / (1 + (SELECT count(*) FROM workers)) AS fair,
             (SELECT count(*) FROM seen WHERE holder = $1) AS mine
    ),
    ranked AS MATERIALIZED (
      SELECT pk, holder, row_number() OVER (PARTITION BY holder ORDER BY pk) AS place FROM seen
      WHERE holder IS DISTINCT FROM $1
    ),
    takable AS MATERIALIZED (
      SELECT each.pk, each.holder FROM share, (
        SELECT pk, holder, row_number() OVER (ORDER BY holder IS NOT NULL, place DESC, pk) AS turn FROM ranked, share
        WHERE holder IS NULL OR place > floor(fair)
      ) AS each
      WHERE mine + turn <= CASE WHEN holder IS NULL THEN ceil(fair) ELSE floor(fair) END
    ),
    mine AS MATERIALIZED (
      SELECT p.pk FROM partitions p LEFT JOIN takable t ON t.pk = p.pk
      WHERE p.lease_owner = $1
         OR (t.pk IS NOT NULL AND (p.lease_owner IS NULL OR p.lease_owner = t.holder OR p.lease_until <= ${NOW}))
      ORDER BY p.pk FOR NO KEY UPDATE OF p
    )
    UPDATE partitions p SET lease_owner = $1, lease_until = ${NOW} + $2::bigint
    FROM mine WHERE p.pk = mine.pk
    RETURNING p.pk, p.owner, p.epoch, p.position`,
}

const RELEASE: Statement = {
  name: 'write-back-release',
  text: 'UPDATE partitions SET lease_owner = NULL, lease_until = 0 WHERE lease_owner = $1',
}

/**
 * The partition and all of its rooms in one step: a batch of the old epoch that comes later finds another one and writes
 * nothing. Who has read what was lost has read up to the end of what is left.
 */
const SETTLE: Statement = {
  name: 'write-back-settle',
  text: `
    WITH p AS (
      UPDATE partitions SET owner = $5, position = '${FIRST}', epoch = greatest(epoch + $6::bigint, $7::bigint)
      WHERE pk = $2 AND epoch = $3 AND position = $4 AND lease_owner = $1
      RETURNING pk, epoch
    ),
    r AS MATERIALIZED (
      SELECT rooms.pk, rooms.seq, rooms.n FROM rooms JOIN p ON rooms.partition = p.pk
      WHERE $6::bigint > 0 ORDER BY rooms.pk FOR NO KEY UPDATE OF rooms
    ),
    raised AS (UPDATE rooms SET epoch = rooms.epoch + $6::bigint FROM r WHERE rooms.pk = r.pk),
    read AS (
      UPDATE members m SET read_seq = least(m.read_seq, r.seq), read_n = least(m.read_n, r.n)
      FROM r WHERE m.room_pk = r.pk AND (m.read_seq > r.seq OR m.read_n > r.n)
    )
    SELECT epoch FROM p`,
}

/** To be called once before the first lease. */
export async function makePartitions(connection: WriteBackConnection): Promise<void> {
  await connection.rows(MAKE, [])
}

/** See `WriteBackDatabase.lease`. */
export async function leasePartitions(
  connection: WriteBackConnection,
  worker: string,
  lifeMs: number,
): Promise<Lease[]> {
  const rows = await connection.rows<[number, string | null, number, string]>(LEASE, [worker, lifeMs])
  return rows.map(([partition, owner, epoch, position]) => ({ partition, owner, epoch, position }))
}

export async function releasePartitions(connection: WriteBackConnection, worker: string): Promise<void> {
  await connection.rows(RELEASE, [worker])
}

/** See `WriteBackDatabase.settle`. */
export async function settlePartition(
  connection: WriteBackConnection,
  worker: string,
  { partition, epoch, position, owner }: Lease,
  instance: string,
  atLeast: number,
): Promise<Lease | null> {
  const step = owner === null ? 0 : 1
  const values = [worker, partition, epoch, position, instance, step, atLeast]
  const [row] = await connection.rows<[epoch: number]>(SETTLE, values)
  return row === undefined ? null : { partition, owner: instance, epoch: row[0], position: FIRST }
}
