import type { Waiting } from '../sequence.ts'
import type { LogLoads } from './log-loads.ts'
import type { Statement } from './pool.ts'

/** A row of the outbox. */
export interface WaitingRow {
  pk: number
  at: number
  event: Waiting
}

/** Rows that are taken at once. */
const TAKE = 500
/** How long it may take to bring them, and to wait for another node that does. */
const TAKE_MS = 6_000

/**
 * Changes of rooms and members that are committed and wait for the log to give them their seqs. A row goes when its event is
 * in the log; who dies between the two leaves it, and the log knows the event by the row's key when it comes again.
 */
export class Outbox {
  readonly #loads: LogLoads

  constructor(loads: LogLoads) {
    this.#loads = loads
  }

  /**
   * Holds the oldest rows of a room, lets `bring` bring them to the log, and drops them. Another node that comes for the same
   * rows waits, and finds them gone. Answers whether there may be more. `ask` asks over the connection that is in use already.
   */
  take(room: string, bring: (rows: WaitingRow[], ask: LogLoads['ask']) => Promise<void>): Promise<boolean> {
    return this.#loads.use(async (connection) => {
      const begun = connection.command('BEGIN')
      try {
        const rows = (await Promise.all([connection.rows<[number, number, string]>(HOLD, [room, TAKE]), begun]))[0]
        if (rows.length > 0) {
          const waiting = rows.map(([pk, at, event]) => ({ pk, at, event: JSON.parse(event) as Waiting }))
          await bring(waiting, (questions) => this.#loads.askOn(connection, questions))
          await connection.rows(DROP, [rows.map(([pk]) => pk)])
        }
        await connection.command('COMMIT')
        return rows.length === TAKE
      } catch (error) {
        await connection.command('ROLLBACK').catch(() => {})
        throw error
      }
    }, TAKE_MS)
  }

  /** The oldest rows of all rooms. */
  oldest(limit: number): Promise<{ pk: number; room: string }[]> {
    return this.#loads.use(async (connection) => {
      const rows = await connection.rows<[number, string]>(OLDEST, [limit])
      return rows.map(([pk, room]) => ({ pk, room }))
    })
  }
}

const HOLD: Statement = {
  name: 'outbox_hold',
  text: `
    SELECT o.pk, o.at, o.event FROM outbox o
    WHERE o.room_pk = (SELECT pk FROM rooms WHERE id = $1)
    ORDER BY o.pk LIMIT $2
    FOR UPDATE`,
}

const DROP: Statement = { name: 'outbox_drop', text: 'DELETE FROM outbox WHERE pk = ANY($1::bigint[])' }

const OLDEST: Statement = {
  name: 'outbox_oldest',
  text: 'SELECT o.pk, r.id FROM outbox o JOIN rooms r ON r.pk = o.room_pk ORDER BY o.pk LIMIT $1',
}
