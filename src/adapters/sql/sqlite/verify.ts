import { DatabaseSync } from 'node:sqlite'
import {
  AUDITED_ROOMS,
  type AuditedRoom,
  type BrokenRule,
  RULES,
  SequenceAudit,
  tellBroken,
  type VerifyReport,
} from '../audit.ts'

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
    for (const rule of [...RULES, REACTION_COUNTS])
      tellBroken(report, db.prepare(rule).all() as unknown as BrokenRule[])
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

function checkSequences(db: DatabaseSync, report: VerifyReport): void {
  const events = db.prepare('SELECT seq, n, type FROM events WHERE room_pk = ? ORDER BY seq')
  events.setReturnArrays(true)
  for (const room of db.prepare(AUDITED_ROOMS).all() as unknown as AuditedRoom[]) {
    const audit = new SequenceAudit(room, report)
    for (const row of events.iterate(room.pk)) audit.event(...(row as unknown as [number, number, number]))
    audit.end()
  }
}

const REACTION_COUNTS = `SELECT r.id AS room, 'message ' || e.seq || ' counts other reactions than it has' AS what
        FROM events e JOIN rooms r ON r.pk = e.room_pk
        WHERE e.reactions IS NOT NULL AND
          (SELECT group_concat(line, char(10)) FROM (SELECT value ->> 0 || ' ' || (value ->> 1) AS line
             FROM json_each(e.reactions) ORDER BY value ->> 0))
          IS NOT
          (SELECT group_concat(line, char(10)) FROM (SELECT emoji || ' ' || count(*) AS line FROM reactions x
             WHERE x.room_pk = e.room_pk AND x.target = e.seq GROUP BY emoji ORDER BY emoji))`
