import { DatabaseSync } from 'node:sqlite'
import type { VerifyReport } from '../audit.ts'
import { MESSAGE } from '../tables.ts'

/** Findings of one kind that are told; the rest is counted. */
const TOLD = 20

/** Audits the database at `path`, in one snapshot, while a server may be running on it. */
export async function verifyStore(path: string): Promise<VerifyReport> {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 })
  try {
    return verifyDatabase(db)
  } finally {
    db.close()
  }
}

export function verifyDatabase(db: DatabaseSync): VerifyReport {
  db.exec('BEGIN')
  try {
    const report: VerifyReport = { rooms: 0, events: 0, messages: 0, problems: [] }
    checkFile(db, report)
    checkSequences(db, report)
    for (const rule of RULES) checkRule(db, report, rule)
    return report
  } finally {
    db.exec('COMMIT')
  }
}

function checkFile(db: DatabaseSync, report: VerifyReport): void {
  for (const row of db.prepare('PRAGMA integrity_check').all() as { integrity_check: string }[]) {
    if (row.integrity_check !== 'ok') report.problems.push(`The database file is damaged: ${row.integrity_check}.`)
  }
  for (const row of db.prepare('PRAGMA foreign_key_check').all() as { table: string; parent: string }[]) {
    report.problems.push(`A row of ${row.table} refers to a row of ${row.parent} that does not exist.`)
  }
}

interface RoomAudit {
  pk: number
  id: string
  seq: number
  n: number
  last: number | null
}

/** Walks every event in order: seq and n rise by one without a hole, and the room's counters say the same (P2). */
function checkSequences(db: DatabaseSync, report: VerifyReport): void {
  const rooms = db.prepare('SELECT pk, id, seq, n, last_message_seq AS last FROM rooms ORDER BY pk').all()
  const events = db.prepare('SELECT seq, n, type FROM events WHERE room_pk = ? ORDER BY seq')
  events.setReturnArrays(true)
  for (const room of rooms as unknown as RoomAudit[]) {
    report.rooms++
    const problems: string[] = []
    let seq = 0
    let n = 0
    let last: number | null = null
    for (const row of events.iterate(room.pk)) {
      const [eventSeq, eventN, type] = row as unknown as [number, number, number]
      report.events++
      if (eventSeq !== seq + 1) problems.push(`the events after ${seq} go on with ${eventSeq}`)
      seq = eventSeq
      if (type === MESSAGE) {
        report.messages++
        n++
        last = seq
      }
      if (eventN !== n) {
        problems.push(`event ${seq} counts ${eventN} messages, not ${n}`)
        n = eventN
      }
    }
    if (room.seq !== seq) problems.push(`its head is ${room.seq}, its last event is ${seq}`)
    if (room.n !== n) problems.push(`it counts ${room.n} messages and has ${n}`)
    if (room.last !== last) problems.push(`its last message is said to be ${room.last}, and is ${last}`)
    for (const problem of problems.slice(0, TOLD)) report.problems.push(`Room ${room.id}: ${problem}.`)
    if (problems.length > TOLD) report.problems.push(`Room ${room.id}: ${problems.length - TOLD} more of that kind.`)
  }
}

interface Rule {
  /** Rows that break the rule, with the columns `room` (an id, or null) and `what`. */
  sql: string
}

const RULES: Rule[] = [
  // Members and counters
  {
    sql: `SELECT r.id AS room, 'it counts ' || r.member_count || ' members and has ' || count(m.user_pk) AS what
          FROM rooms r LEFT JOIN members m ON m.room_pk = r.pk GROUP BY r.pk HAVING count(m.user_pk) <> r.member_count`,
  },
  {
    sql: `SELECT id AS room, 'it has ' || member_count || ' members, more than its capacity ' || capacity AS what
          FROM rooms WHERE member_count > capacity`,
  },
  {
    sql: `SELECT r.id AS room, 'the read cursor of user ' || u.id || ' lies beyond the head' AS what
          FROM members m JOIN rooms r ON r.pk = m.room_pk JOIN users u ON u.pk = m.user_pk
          WHERE m.read_seq > r.seq OR m.read_n > r.n`,
  },
  {
    sql: `SELECT r.id AS room, 'user ' || u.id || ' is a member and banned' AS what
          FROM members m JOIN bans b ON b.room_pk = m.room_pk AND b.user_pk = m.user_pk
          JOIN rooms r ON r.pk = m.room_pk JOIN users u ON u.pk = m.user_pk`,
  },
  // Events
  {
    sql: `SELECT NULL AS room, 'Event ' || e.seq || ' belongs to a room that does not exist' AS what
          FROM events e WHERE NOT EXISTS (SELECT 1 FROM rooms r WHERE r.pk = e.room_pk)`,
  },
  {
    sql: `SELECT r.id AS room, 'event ' || e.seq || ' names a user who does not exist' AS what
          FROM events e JOIN rooms r ON r.pk = e.room_pk
          WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.pk = e.actor_pk)
             OR (e.subject_pk IS NOT NULL AND NOT EXISTS (SELECT 1 FROM users u WHERE u.pk = e.subject_pk))`,
  },
  {
    sql: `SELECT r.id AS room, 'event ' || e.seq || ' refers to message ' || coalesce(e.target, 'NULL') || ', which does not exist' AS what
          FROM events e JOIN rooms r ON r.pk = e.room_pk
          LEFT JOIN events t ON t.room_pk = e.room_pk AND t.seq = e.target AND t.type = ${MESSAGE} AND t.seq < e.seq
          WHERE e.type IN (1, 2, 3) AND t.seq IS NULL`,
  },
  {
    sql: `SELECT r.id AS room, 'message ' || e.seq || ' answers message ' || e.reply_to || ', which does not exist' AS what
          FROM events e JOIN rooms r ON r.pk = e.room_pk
          LEFT JOIN events t ON t.room_pk = e.room_pk AND t.seq = e.reply_to AND t.type = ${MESSAGE} AND t.seq < e.seq
          WHERE e.reply_to IS NOT NULL AND t.seq IS NULL`,
  },
  {
    sql: `SELECT r.id AS room, 'event ' || e.seq || ' lacks what an event of its type has' AS what
          FROM events e JOIN rooms r ON r.pk = e.room_pk
          WHERE (e.type = ${MESSAGE} AND (e.client_message_id IS NULL OR e.rev IS NULL OR (e.body IS NULL AND e.deleted_at IS NULL)))
             OR (e.type IN (4, 5, 6) AND (e.subject_pk IS NULL OR e.detail IS NULL))
             OR e.type NOT BETWEEN 0 AND 7`,
  },
  // Erased content stays erased
  {
    sql: `SELECT r.id AS room, 'deleted message ' || e.seq || ' still has content' AS what
          FROM events e JOIN rooms r ON r.pk = e.room_pk
          WHERE e.deleted_at IS NOT NULL
            AND (e.body IS NOT NULL OR e.mentions IS NOT NULL OR e.files IS NOT NULL OR e.reactions IS NOT NULL)`,
  },
  {
    sql: `SELECT r.id AS room, 'event ' || e.seq || ' is no message and has a text' AS what
          FROM events e JOIN rooms r ON r.pk = e.room_pk WHERE e.type <> ${MESSAGE} AND e.body IS NOT NULL`,
  },
  {
    sql: `SELECT r.id AS room, 'message ' || d.target || ' was deleted by event ' || d.seq || ' and is not marked so' AS what
          FROM events d JOIN rooms r ON r.pk = d.room_pk JOIN events e ON e.room_pk = d.room_pk AND e.seq = d.target
          WHERE d.type = 2 AND e.deleted_at IS NULL`,
  },
  // Reactions
  {
    sql: `SELECT r.id AS room, 'a reaction belongs to message ' || x.target || ', which does not exist or was deleted' AS what
          FROM reactions x JOIN rooms r ON r.pk = x.room_pk
          LEFT JOIN events e ON e.room_pk = x.room_pk AND e.seq = x.target AND e.type = ${MESSAGE}
          WHERE e.seq IS NULL OR e.deleted_at IS NOT NULL`,
  },
  {
    sql: `SELECT r.id AS room, 'message ' || e.seq || ' counts other reactions than it has' AS what
          FROM events e JOIN rooms r ON r.pk = e.room_pk
          WHERE e.reactions IS NOT NULL AND
            (SELECT group_concat(line, char(10)) FROM (SELECT value ->> 0 || ' ' || (value ->> 1) AS line
               FROM json_each(e.reactions) ORDER BY value ->> 0))
            IS NOT
            (SELECT group_concat(line, char(10)) FROM (SELECT emoji || ' ' || count(*) AS line FROM reactions x
               WHERE x.room_pk = e.room_pk AND x.target = e.seq GROUP BY emoji ORDER BY emoji))`,
  },
  {
    sql: `SELECT r.id AS room, 'message ' || x.target || ' has reactions that it does not show' AS what
          FROM reactions x JOIN rooms r ON r.pk = x.room_pk JOIN events e ON e.room_pk = x.room_pk AND e.seq = x.target
          WHERE e.reactions IS NULL AND e.deleted_at IS NULL GROUP BY x.room_pk, x.target`,
  },
]

function checkRule(db: DatabaseSync, report: VerifyReport, { sql }: Rule): void {
  let found = 0
  for (const row of db.prepare(sql).iterate()) {
    const { room, what } = row as { room: string | null; what: string }
    if (++found <= TOLD) report.problems.push(room === null ? `${what}.` : `Room ${room}: ${what}.`)
  }
  if (found > TOLD) report.problems.push(`${found - TOLD} more of that kind.`)
}
