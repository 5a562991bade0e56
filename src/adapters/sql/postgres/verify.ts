import pg from 'pg'
import { partitionOf } from '../../../core/partition.ts'
import {
  AUDITED_ROOMS,
  type AuditedRoom,
  type BrokenRule,
  RULES,
  SequenceAudit,
  tellBroken,
  type VerifyReport,
} from '../audit.ts'
import { NUMBERS } from './pool.ts'

const CONNECT_MS = 3_000
/** Events that are in memory at a time. */
const FETCHED = 10_000

/** Audits a database, in one snapshot, while servers may be running on it. */
export async function verifyPostgres(url: string): Promise<VerifyReport> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS,
    application_name: 'yeoul verify',
    types: NUMBERS,
  })
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query('SET jit = off; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const report: VerifyReport = { rooms: 0, events: 0, messages: 0, problems: [] }
    await checkSequences(client, report)
    for (const rule of [...RULES, REACTION_COUNTS]) {
      tellBroken(report, (await client.query<BrokenRule>(rule)).rows)
    }
    tellBroken(report, await misplacedRooms(client))
    await client.query('COMMIT')
    return report
  } finally {
    await client.end()
  }
}

async function checkSequences(client: pg.Client, report: VerifyReport): Promise<void> {
  const { rows: rooms } = await client.query<AuditedRoom>(AUDITED_ROOMS)
  await client.query(
    'DECLARE audited NO SCROLL CURSOR FOR SELECT room_pk, seq, n, type FROM events ORDER BY room_pk, seq',
  )
  let waiting: [roomPk: number, seq: number, n: number, type: number][] = []
  let taken = 0
  const next = async () => {
    if (taken === waiting.length) {
      waiting = (await client.query({ text: `FETCH ${FETCHED} FROM audited`, rowMode: 'array' })).rows as typeof waiting
      taken = 0
    }
    return waiting[taken]
  }
  for (const room of rooms) {
    const audit = new SequenceAudit(room, report)
    let event = await next()
    // Those of no room are told of by a rule.
    for (; event !== undefined && event[0] <= room.pk; event = await next()) {
      const [roomPk, ...columns] = event
      if (roomPk === room.pk) audit.event(...columns)
      taken++
    }
    audit.end()
  }
}

/** A node hears of a room through its partition: one in the wrong place would be silent. */
async function misplacedRooms(client: pg.Client): Promise<BrokenRule[]> {
  const { rows: clusters } = await client.query<{ partitions: number }>('SELECT partitions FROM cluster')
  const partitions = clusters[0]?.partitions ?? 1
  const { rows } = await client.query<{ id: string; partition: number }>('SELECT id, partition FROM rooms')
  return rows
    .filter(({ id, partition }) => partition !== partitionOf(id, partitions))
    .map(({ id, partition }) => {
      return { room: id, what: `it is kept as of partition ${partition}, and is of ${partitionOf(id, partitions)}` }
    })
}

const REACTION_COUNTS = `
  SELECT r.id AS room, 'message ' || e.seq || ' counts other reactions than it has' AS what
  FROM events e JOIN rooms r ON r.pk = e.room_pk
  WHERE e.reactions IS NOT NULL AND
    (SELECT string_agg(line, chr(10) ORDER BY line)
     FROM (SELECT (value ->> 0) || ' ' || (value ->> 1) AS line FROM jsonb_array_elements(e.reactions::jsonb)) shown)
    IS DISTINCT FROM
    (SELECT string_agg(line, chr(10) ORDER BY line)
     FROM (SELECT emoji || ' ' || count(*) AS line FROM reactions x
           WHERE x.room_pk = e.room_pk AND x.target = e.seq GROUP BY emoji) kept)`
