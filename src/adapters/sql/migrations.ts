import type { DatabaseSync } from 'node:sqlite'

interface Migration {
  name: string
  sql: string
}

/**
 * The schema, step by step; the version of a database is how many steps it has taken. A step that was released is never
 * edited: changes are new steps at the end.
 */
const MIGRATIONS: Migration[] = [
  {
    name: 'the embedded server',
    sql: `
      CREATE TABLE users (
        pk            INTEGER PRIMARY KEY,
        id            TEXT    NOT NULL UNIQUE,
        username      TEXT    NOT NULL UNIQUE,
        display_name  TEXT    NOT NULL,
        password_hash TEXT    NOT NULL,
        role          TEXT    NOT NULL CHECK (role IN ('user', 'admin')),
        disabled      INTEGER NOT NULL DEFAULT 0,
        external_id   TEXT    UNIQUE,
        created_at    INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX users_admins ON users (pk) WHERE role = 'admin';

      CREATE TABLE setup_tokens (
        token_hash TEXT    NOT NULL PRIMARY KEY,
        expires_at INTEGER NOT NULL,
        spent_at   INTEGER
      ) STRICT;

      CREATE TABLE logins (
        pk         INTEGER PRIMARY KEY,
        sid        TEXT    NOT NULL UNIQUE,
        user_pk    INTEGER NOT NULL REFERENCES users,
        created_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        cookie     INTEGER NOT NULL,
        ended_at   INTEGER
      ) STRICT;
      CREATE INDEX logins_of_user ON logins (user_pk);
      CREATE INDEX logins_ended ON logins (ended_at) WHERE ended_at IS NOT NULL;
      CREATE INDEX logins_expiring ON logins (expires_at);

      CREATE TABLE refresh_tokens (
        token_hash TEXT    NOT NULL PRIMARY KEY,
        login_pk   INTEGER NOT NULL REFERENCES logins ON DELETE CASCADE,
        spent_at   INTEGER,
        next_hash  TEXT,
        sealed     TEXT
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX refresh_tokens_of_login ON refresh_tokens (login_pk);

      CREATE TABLE rooms (
        pk               INTEGER PRIMARY KEY,
        id               TEXT    NOT NULL UNIQUE,
        kind             TEXT    NOT NULL CHECK (kind IN ('open', 'group', 'direct')),
        title            TEXT    NOT NULL,
        title_key        TEXT    NOT NULL,
        capacity         INTEGER,
        epoch            INTEGER NOT NULL DEFAULT 1,
        seq              INTEGER NOT NULL DEFAULT 0,
        n                INTEGER NOT NULL DEFAULT 0,
        member_count     INTEGER NOT NULL DEFAULT 0,
        created_by       INTEGER NOT NULL REFERENCES users,
        created_at       INTEGER NOT NULL,
        last_at          INTEGER NOT NULL,
        last_message_seq INTEGER,
        lively_at        INTEGER NOT NULL,
        direct_key       TEXT    UNIQUE,
        deleted_at       INTEGER
      ) STRICT;
      CREATE INDEX rooms_open ON rooms (lively_at, pk) WHERE kind = 'open' AND deleted_at IS NULL;

      CREATE TABLE members (
        room_pk      INTEGER NOT NULL REFERENCES rooms,
        user_pk      INTEGER NOT NULL REFERENCES users,
        role         INTEGER NOT NULL,
        joined_at    INTEGER NOT NULL,
        read_seq     INTEGER NOT NULL,
        read_n       INTEGER NOT NULL,
        notify       TEXT    NOT NULL DEFAULT 'all' CHECK (notify IN ('all', 'mentions', 'none')),
        last_exit_at INTEGER,
        PRIMARY KEY (room_pk, user_pk)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX members_of_user ON members (user_pk);
      CREATE INDEX members_by_role ON members (room_pk, role, joined_at, user_pk);

      CREATE TABLE bans (
        room_pk  INTEGER NOT NULL REFERENCES rooms,
        user_pk  INTEGER NOT NULL REFERENCES users,
        at       INTEGER NOT NULL,
        actor_pk INTEGER NOT NULL REFERENCES users,
        PRIMARY KEY (room_pk, user_pk)
      ) STRICT, WITHOUT ROWID;

      -- No foreign keys here: append checks room, actor and target itself, on the hot path, and verify audits them.
      CREATE TABLE events (
        room_pk           INTEGER NOT NULL,
        seq               INTEGER NOT NULL,
        type              INTEGER NOT NULL,
        at                INTEGER NOT NULL,
        actor_pk          INTEGER NOT NULL,
        n                 INTEGER NOT NULL,
        client_message_id TEXT,
        body              TEXT,
        reply_to          INTEGER,
        mentions          TEXT,
        files             TEXT,
        reactions         TEXT,
        edited_at         INTEGER,
        deleted_at        INTEGER,
        rev               INTEGER,
        target            INTEGER,
        subject_pk        INTEGER,
        detail            TEXT,
        is_on             INTEGER,
        PRIMARY KEY (room_pk, seq)
      ) STRICT, WITHOUT ROWID;
      CREATE UNIQUE INDEX events_once ON events (room_pk, actor_pk, client_message_id)
        WHERE client_message_id IS NOT NULL;

      CREATE TABLE reactions (
        room_pk INTEGER NOT NULL,
        target  INTEGER NOT NULL,
        emoji   TEXT    NOT NULL,
        user_pk INTEGER NOT NULL,
        seq     INTEGER NOT NULL,
        PRIMARY KEY (room_pk, target, emoji, user_pk)
      ) STRICT, WITHOUT ROWID;
    `,
  },
]

/**
 * Brings a database up to this program's schema. Throws when the database is newer than the program.
 */
export function migrate(db: DatabaseSync): void {
  if (versionOf(db) === MIGRATIONS.length) return
  db.exec('BEGIN IMMEDIATE')
  try {
    db.exec(
      'CREATE TABLE IF NOT EXISTS schema_steps (version INTEGER PRIMARY KEY, name TEXT NOT NULL, at INTEGER NOT NULL) STRICT',
    )
    const version = versionOf(db)
    if (version > MIGRATIONS.length) {
      throw new Error(
        `the database has schema version ${version}, this Yeoul knows ${MIGRATIONS.length}: use a newer Yeoul`,
      )
    }
    const record = db.prepare('INSERT INTO schema_steps (version, name, at) VALUES (?, ?, ?)')
    for (let i = version; i < MIGRATIONS.length; i++) {
      const step = MIGRATIONS[i] as Migration
      db.exec(step.sql)
      record.run(i + 1, step.name, Date.now())
    }
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

function versionOf(db: DatabaseSync): number {
  const known = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'schema_steps'").get()
  if (known === undefined) return 0
  return (db.prepare('SELECT coalesce(max(version), 0) AS version FROM schema_steps').get() as { version: number })
    .version
}
