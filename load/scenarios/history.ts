import { DatabaseSync } from 'node:sqlite'
import { Fleet } from '../generator/fleet.ts'
import { Latency } from '../measure/latency.ts'
import { delays, number } from '../measure/report.ts'
import { Yeoul } from '../servers/yeoul-server.ts'
import type { Scenario } from './scenario.ts'

export const history: Scenario = {
  name: 'history',
  about: 'pages of 50 out of a room with a great many messages, over HTTP',
  options: {
    messages: { quick: 1_000_000, full: 1_000_000, about: 'messages in the room' },
    rate: { quick: 200, full: 200, about: 'pages a second; every other one the newest, the rest anywhere' },
    'warm-up': { quick: 3, full: 5, about: 'seconds before measuring' },
    seconds: { quick: 10, full: 30, about: 'seconds measured' },
  },
  async run(options) {
    const yeoul = await Yeoul.start(20)
    try {
      const room = await yeoul.createRoom('a long history', yeoul.people)
      const reader = yeoul.people[0]!
      const first = (await yeoul.head(reader, room)) + 1
      const last = first + options.messages! - 1
      await yeoul.whileStopped((database) => fill(database, room, options.messages!))
      const fleet = Fleet.idle(1)
      try {
        const { host, port } = yeoul.server.target
        const cpu = yeoul.server.cpuSeconds
        const read = await fleet.pagesOn(0, {
          host,
          port,
          token: reader.token,
          room,
          first,
          last,
          rate: options.rate!,
          pageSize: 50,
          warmUpSeconds: options['warm-up']!,
          seconds: options.seconds!,
        })
        const perPage = (yeoul.server.cpuSeconds - cpu) / read.pages
        const newest = Latency.merged([read.newest]).summary()
        const anywhere = Latency.merged([read.anywhere]).summary()
        return {
          tables: [
            {
              title: `history: ${number(options.messages!)} messages, ${options.rate} pages a second`,
              columns: ['page of 50', 'pages', 'p50 ms', 'p99 ms', 'p99.9 ms', 'max ms'],
              rows: [
                ['the newest', String(newest.count), ...delays(newest)],
                ['anywhere', String(anywhere.count), ...delays(anywhere)],
              ],
            },
          ],
          invariants: {
            'every page was answered': read.failed === 0,
            'every page was the contiguous run that was asked for': read.wrong === 0,
          },
          notes: [`${(perPage * 1000).toFixed(2)} ms of server CPU a page.`],
          data: { newest, anywhere, cpuSecondsPerPage: perPage, failed: read.failed, wrong: read.wrong },
        }
      } finally {
        await fleet.close()
      }
    } finally {
      await yeoul.stop()
    }
  },
}

/** Writes messages straight into the database of a stopped server, as rows like those that the server writes. */
function fill(database: string, room: string, messages: number): void {
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
