/** A step of the schema, in SQLite's words; `postgresOf` says it in PostgreSQL's. */
export interface Migration {
  name: string
  sql: string
  /** What PostgreSQL has besides. */
  postgres?: string
  /** Set when a program that does not know this step must not go on beside one that does. */
  incompatible?: true
}

/**
 * The schema, step by step; the version of a database is how many steps it has taken. A step that was released is never
 * edited: changes are new steps at the end. During an upgrade of a cluster nodes of the old version go on beside nodes of
 * the new one: a step adds and does not take away, or says that it is `incompatible`.
 */
export const MIGRATIONS: Migration[] = [
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
  {
    name: 'many nodes',
    sql: `
      ALTER TABLE rooms ADD COLUMN partition INTEGER NOT NULL DEFAULT 0;
      CREATE INDEX rooms_of_partition ON rooms (partition);

      CREATE TABLE cluster (
        id         TEXT    NOT NULL PRIMARY KEY,
        partitions INTEGER NOT NULL,
        created_at INTEGER NOT NULL
      ) STRICT;

      CREATE TABLE settings (
        version INTEGER NOT NULL PRIMARY KEY,
        changes TEXT    NOT NULL,
        actor   TEXT,
        at      INTEGER NOT NULL
      ) STRICT;

      CREATE TABLE partitions (
        pk          INTEGER NOT NULL PRIMARY KEY,
        owner       TEXT,
        epoch       INTEGER NOT NULL DEFAULT 1,
        position    TEXT    NOT NULL DEFAULT '0-0',
        lease_owner TEXT,
        lease_until INTEGER NOT NULL DEFAULT 0
      ) STRICT;

      CREATE TABLE outbox (
        pk        INTEGER PRIMARY KEY,
        room_pk   INTEGER NOT NULL REFERENCES rooms,
        partition INTEGER NOT NULL,
        event     TEXT    NOT NULL,
        at        INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX outbox_of_room ON outbox (room_pk, pk);

      CREATE TABLE parked (
        pk        INTEGER PRIMARY KEY,
        partition INTEGER NOT NULL,
        entry     TEXT    NOT NULL,
        room      TEXT    NOT NULL,
        seq       INTEGER NOT NULL,
        payload   TEXT    NOT NULL,
        error     TEXT    NOT NULL,
        tries     INTEGER NOT NULL,
        at        INTEGER NOT NULL
      ) STRICT;
    `,
    postgres: `
      -- Room for new versions of rows beside the old ones: counters and cursors move with every message.
      ALTER TABLE rooms SET (fillfactor = 50);
      ALTER TABLE members SET (fillfactor = 80);
      ALTER TABLE partitions SET (fillfactor = 50);
    `,
  },
  {
    name: 'one log for all nodes',
    sql: 'ALTER TABLE cluster ADD COLUMN log TEXT;',
  },
  {
    name: 'the bans of a room by their time',
    sql: 'CREATE INDEX bans_by_time ON bans (room_pk, at, user_pk);',
  },
  {
    name: 'what a login was made on',
    sql: `
      ALTER TABLE logins ADD COLUMN device TEXT;
      ALTER TABLE logins ADD COLUMN address TEXT;
      ALTER TABLE logins ADD COLUMN last_used_at INTEGER;
    `,
  },
  {
    name: 'unread mentions',
    sql: `
      -- A message that mentions a member who had not read it. What was read since is taken out with the next mention.
      CREATE TABLE mentions (
        user_pk INTEGER NOT NULL,
        room_pk INTEGER NOT NULL,
        seq     INTEGER NOT NULL,
        n       INTEGER NOT NULL,
        PRIMARY KEY (user_pk, room_pk, seq)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX mentions_in_message ON mentions (room_pk, seq);
    `,
  },
  {
    name: 'what happened to a room, found without reading its messages',
    sql: 'CREATE INDEX events_told ON events (room_pk, seq) WHERE type >= 4;',
  },
  {
    name: 'administration',
    sql: `
      ALTER TABLE users ADD COLUMN role_changed_at INTEGER;
      CREATE INDEX users_role_changed ON users (role_changed_at) WHERE role_changed_at IS NOT NULL;

      CREATE TABLE reset_links (
        user_pk    INTEGER NOT NULL PRIMARY KEY REFERENCES users,
        token_hash TEXT    NOT NULL UNIQUE,
        expires_at INTEGER NOT NULL
      ) STRICT;

      CREATE INDEX rooms_listed ON rooms (lively_at, pk) WHERE kind <> 'direct' AND deleted_at IS NULL;
    `,
  },
]

/**
 * A step in PostgreSQL's words. Text is compared byte by byte, as SQLite does: quicker than a language's order, and an
 * index never depends on a library of the system.
 */
export function postgresOf({ sql, postgres = '' }: Migration): string {
  return (
    sql
      .replaceAll(/\bINTEGER PRIMARY KEY\b/g, 'BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY')
      .replaceAll(/\bINTEGER\b/g, 'BIGINT')
      .replaceAll(/\bTEXT\b/g, 'TEXT COLLATE "C"')
      .replaceAll(/\) STRICT(, WITHOUT ROWID)?;/g, ');') + postgres
  )
}
