import type { StatementSync } from 'node:sqlite'
import type { ReadCursor } from '../../../ports/memberships.ts'
import type { Sqlite } from './sqlite.ts'

export interface Exit {
  room: string
  user: string
  at: number
}

/** Read cursors and exit times come gathered, many at a time: prepared SQL. */
export class ProgressSaver {
  readonly #setCursor: StatementSync
  readonly #setExit: StatementSync

  constructor({ prepare }: Sqlite) {
    const member = 'room_pk = (SELECT pk FROM rooms WHERE id = ?) AND user_pk = (SELECT pk FROM users WHERE id = ?)'
    this.#setCursor = prepare(`UPDATE members SET read_seq = ?, read_n = ? WHERE ${member} AND read_seq < ?`)
    this.#setExit = prepare(`UPDATE members SET last_exit_at = max(coalesce(last_exit_at, 0), ?) WHERE ${member}`)
  }

  save(cursors: ReadCursor[], exits: Exit[]): void {
    for (const { room, user, seq, n } of cursors) this.#setCursor.run(seq, n, room, user, seq)
    for (const { room, user, at } of exits) this.#setExit.run(at, room, user)
  }
}
