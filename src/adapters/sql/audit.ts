import { MESSAGE } from './tables.ts'

export interface VerifyReport {
  rooms: number
  events: number
  messages: number
  /** What is wrong, in plain words, one finding each; empty when all is well. */
  problems: string[]
}

/** Findings of one kind that are told; the rest is counted. */
const TOLD = 20

/** The rooms as the audit takes them. */
export const AUDITED_ROOMS = 'SELECT pk, id, seq, n, last_message_seq AS last FROM rooms ORDER BY pk'

export interface AuditedRoom {
  pk: number
  id: string
  seq: number
  n: number
  last: number | null
}

/** Takes every event of a room in order: seq and n rise by one without a hole, and the room's counters say the same (P2). */
export class SequenceAudit {
  readonly #room: AuditedRoom
  readonly #report: VerifyReport
  readonly #problems: string[] = []
  #seq = 0
  #n = 0
  #last: number | null = null

  constructor(room: AuditedRoom, report: VerifyReport) {
    this.#room = room
    this.#report = report
    report.rooms++
  }

  event(seq: number, n: number, type: number): void {
    this.#report.events++
    if (seq !== this.#seq + 1) this.#problems.push(`the events after ${this.#seq} go on with ${seq}`)
    this.#seq = seq
    if (type === MESSAGE) {
      this.#report.messages++
      this.#n++
      this.#last = seq
    }
    if (n !== this.#n) {
      this.#problems.push(`event ${seq} counts ${n} messages, not ${this.#n}`)
      this.#n = n
    }
  }

  end(): void {
    const room = this.#room
    const problems = this.#problems
    if (room.seq !== this.#seq) problems.push(`its head is ${room.seq}, its last event is ${this.#seq}`)
    if (room.n !== this.#n) problems.push(`it counts ${room.n} messages and has ${this.#n}`)
    if (room.last !== this.#last) problems.push(`its last message is said to be ${room.last}, and is ${this.#last}`)
    for (const problem of problems.slice(0, TOLD)) this.#report.problems.push(`Room ${room.id}: ${problem}.`)
    if (problems.length > TOLD)
      this.#report.problems.push(`Room ${room.id}: ${problems.length - TOLD} more of that kind.`)
  }
}

export interface BrokenRule {
  room: string | null
  what: string
}

/** Adds what broke one rule to the report. */
export function tellBroken(report: VerifyReport, broken: BrokenRule[]): void {
  for (const { room, what } of broken.slice(0, TOLD)) {
    report.problems.push(room === null ? `${what}.` : `Room ${room}: ${what}.`)
  }
  if (broken.length > TOLD) report.problems.push(`${broken.length - TOLD} more of that kind.`)
}

/**
 * What must hold between the rows, in SQL of both databases: each answers the rows that break it, with the columns `room` (an
 * id, or null) and `what`.
 */
export const RULES: string[] = [
  // Members and counters
  `SELECT r.id AS room, 'it counts ' || r.member_count || ' members and has ' || count(m.user_pk) AS what
        FROM rooms r LEFT JOIN members m ON m.room_pk = r.pk GROUP BY r.pk HAVING count(m.user_pk) <> r.member_count`,
  `SELECT id AS room, 'it has ' || member_count || ' members, more than its capacity ' || capacity AS what
        FROM rooms WHERE member_count > capacity`,
  `SELECT r.id AS room, 'the read cursor of user ' || u.id || ' lies beyond the head' AS what
        FROM members m JOIN rooms r ON r.pk = m.room_pk JOIN users u ON u.pk = m.user_pk
        LEFT JOIN partitions p ON p.pk = r.partition
        -- A log beside the database may be ahead of it.
        WHERE (m.read_seq > r.seq OR m.read_n > r.n) AND p.owner IS NULL`,
  `SELECT r.id AS room, 'user ' || u.id || ' is a member and banned' AS what
        FROM members m JOIN bans b ON b.room_pk = m.room_pk AND b.user_pk = m.user_pk
        JOIN rooms r ON r.pk = m.room_pk JOIN users u ON u.pk = m.user_pk`,
  // Events
  `SELECT NULL AS room, 'Event ' || e.seq || ' belongs to a room that does not exist' AS what
        FROM events e WHERE NOT EXISTS (SELECT 1 FROM rooms r WHERE r.pk = e.room_pk)`,
  `SELECT r.id AS room, 'event ' || e.seq || ' names a user who does not exist' AS what
        FROM events e JOIN rooms r ON r.pk = e.room_pk
        WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.pk = e.actor_pk)
           OR (e.subject_pk IS NOT NULL AND NOT EXISTS (SELECT 1 FROM users u WHERE u.pk = e.subject_pk))`,
  `SELECT r.id AS room, 'event ' || e.seq || ' refers to message ' || coalesce(CAST(e.target AS TEXT), 'NULL') || ', which does not exist' AS what
        FROM events e JOIN rooms r ON r.pk = e.room_pk
        LEFT JOIN events t ON t.room_pk = e.room_pk AND t.seq = e.target AND t.type = ${MESSAGE} AND t.seq < e.seq
        WHERE e.type IN (1, 2, 3) AND t.seq IS NULL`,
  `SELECT r.id AS room, 'message ' || e.seq || ' answers message ' || e.reply_to || ', which does not exist' AS what
        FROM events e JOIN rooms r ON r.pk = e.room_pk
        LEFT JOIN events t ON t.room_pk = e.room_pk AND t.seq = e.reply_to AND t.type = ${MESSAGE} AND t.seq < e.seq
        WHERE e.reply_to IS NOT NULL AND t.seq IS NULL`,
  `SELECT r.id AS room, 'event ' || e.seq || ' lacks what an event of its type has' AS what
        FROM events e JOIN rooms r ON r.pk = e.room_pk
        WHERE (e.type = ${MESSAGE} AND (e.client_message_id IS NULL OR e.rev IS NULL OR (e.body IS NULL AND e.deleted_at IS NULL)))
           OR (e.type IN (4, 5, 6) AND (e.subject_pk IS NULL OR e.detail IS NULL))
           OR e.type NOT BETWEEN 0 AND 7`,
  // Erased content stays erased
  `SELECT r.id AS room, 'deleted message ' || e.seq || ' still has content' AS what
        FROM events e JOIN rooms r ON r.pk = e.room_pk
        WHERE e.deleted_at IS NOT NULL
          AND (e.body IS NOT NULL OR e.mentions IS NOT NULL OR e.files IS NOT NULL OR e.reactions IS NOT NULL)`,
  `SELECT r.id AS room, 'event ' || e.seq || ' is no message and has a text' AS what
        FROM events e JOIN rooms r ON r.pk = e.room_pk WHERE e.type <> ${MESSAGE} AND e.body IS NOT NULL`,
  `SELECT r.id AS room, 'message ' || d.target || ' was deleted by event ' || d.seq || ' and is not marked so' AS what
        FROM events d JOIN rooms r ON r.pk = d.room_pk JOIN events e ON e.room_pk = d.room_pk AND e.seq = d.target
        WHERE d.type = 2 AND e.deleted_at IS NULL`,
  // Reactions
  `SELECT r.id AS room, 'a reaction belongs to message ' || x.target || ', which does not exist or was deleted' AS what
        FROM reactions x JOIN rooms r ON r.pk = x.room_pk
        LEFT JOIN events e ON e.room_pk = x.room_pk AND e.seq = x.target AND e.type = ${MESSAGE}
        WHERE e.seq IS NULL OR e.deleted_at IS NOT NULL`,
  `SELECT DISTINCT r.id AS room, 'message ' || x.target || ' has reactions that it does not show' AS what
        FROM reactions x JOIN rooms r ON r.pk = x.room_pk JOIN events e ON e.room_pk = x.room_pk AND e.seq = x.target
        WHERE e.reactions IS NULL AND e.deleted_at IS NULL`,
]
