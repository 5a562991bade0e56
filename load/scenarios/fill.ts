import { DatabaseSync } from 'node:sqlite'

/** Writes messages straight into the database of a stopped server, as rows like those that the server writes. */
export function fill(database: string, room: string, messages: number): void {
  const db = new DatabaseSync(database)
  try {
    db.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; BEGIN')
    db.prepare(`
      WITH RECURSIVE
        room AS (SELECT pk, seq, n, created_at FROM rooms WHERE id = :room),
        i (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < :messages)
      INSERT INTO events (room_pk, seq, type, at, actor_pk, n, client_message_id, body, rev)
      SELECT room.pk, room.seq + i, 0, room.created_at + i, (SELECT min(pk) FROM users) + i % 20, room.n + i,
             printf('%08x-0000-7000-8000-%012x', i, i * 7919),
             'message ' || i || ' of a long history, with the length of what people say',
             room.seq + i
      FROM i, room
    `).run({ room, messages })
    db.prepare(`
      UPDATE rooms SET seq = seq + :messages, n = n + :messages, last_message_seq = seq + :messages,
                       last_at = created_at + :messages
      WHERE id = :room
    `).run({ room, messages })
    db.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)')
  } finally {
    db.close()
  }
}

/**
 * Makes every user a member of the room, with all that is in it read, in the database of a stopped server. `moreRooms`: rooms
 * besides, with a message each, of which everybody is a member who is one of `room` already.
 */
export function populate(database: string, room: string, moreRooms: number): void {
  const db = new DatabaseSync(database)
  try {
    db.exec('PRAGMA synchronous = OFF; BEGIN')
    db.prepare(`
      WITH RECURSIVE i (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < :moreRooms)
      INSERT INTO rooms (id, kind, title, title_key, seq, n, member_count, created_by, created_at, last_at,
                         last_message_seq, lively_at)
      SELECT printf('%08x-0000-7000-8000-%012x', i, 104729 + i), 'group', 'Room ' || i, 'room ' || i, 1, 1, 1, room.created_by,
             room.created_at, room.created_at + i, 1, room.created_at
      FROM i, rooms room WHERE room.id = :room AND :moreRooms > 0
    `).run({ room, moreRooms })
    db.prepare(`
      INSERT INTO events (room_pk, seq, type, at, actor_pk, n, client_message_id, body, rev)
      SELECT pk, 1, 0, last_at, created_by, 1, 'first', 'the only message of ' || title, 1 FROM rooms WHERE seq = 1 AND n = 1
    `).run()
    db.prepare(`
      INSERT INTO members (room_pk, user_pk, role, joined_at, read_seq, read_n)
      SELECT other.pk, m.user_pk, 2, other.created_at, 1, 1
      FROM rooms other, members m, rooms room WHERE room.id = :room AND m.room_pk = room.pk AND other.seq = 1 AND other.n = 1
    `).run({ room })
    db.prepare(`
      INSERT OR IGNORE INTO members (room_pk, user_pk, role, joined_at, read_seq, read_n)
      SELECT room.pk, users.pk, 2, room.created_at, room.seq, room.n FROM rooms room, users WHERE room.id = :room
    `).run({ room })
    db.prepare(
      'UPDATE members SET read_seq = r.seq, read_n = r.n FROM rooms r WHERE r.pk = room_pk AND r.id = :room',
    ).run({ room })
    db.prepare(`
      UPDATE rooms SET member_count = (SELECT count(*) FROM members WHERE room_pk = pk) WHERE id = :room
    `).run({ room })
    db.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)')
  } finally {
    db.close()
  }
}
