import type { Appended } from '../../ports/log.ts'
import { YeoulError } from '../../protocol/errors.ts'
import type { LogLoads } from '../sql/postgres/log-loads.ts'
import type { Outbox, WaitingRow } from '../sql/postgres/outbox.ts'
import type { RedisArgument } from './connection.ts'
import { type AppendCall, loadOf } from './log-call.ts'
import { readAnswer } from './log-drafts.ts'

/** What a change got that waited in the outbox. */
export type Placed = Appended & { ok: true }

const ROUNDS = 4
const SWEEP_MS = 1_000
const SWEEP_ROWS = 500

/**
 * Brings changes of rooms and members from the outbox to the log, room by room and in their order. Each node brings its own
 * at once; what a node that died has left behind is brought by the others within about two seconds.
 */
export class Relay {
  readonly #append: AppendCall
  readonly #outbox: Outbox
  readonly #loads: LogLoads
  readonly #failed: (error: unknown) => void
  readonly #timer: NodeJS.Timeout
  /** Rows that were there at the last sweep. */
  #seen = new Set<number>()
  #sweeping: Promise<void> | null = null

  constructor(parts: { call: AppendCall; outbox: Outbox; loads: LogLoads; failed: (error: unknown) => void }) {
    this.#append = parts.call
    this.#outbox = parts.outbox
    this.#loads = parts.loads
    this.#failed = parts.failed
    this.#timer = setInterval(() => {
      this.#sweeping ??= this.#sweep().finally(() => {
        this.#sweeping = null
      })
    }, SWEEP_MS)
    this.#timer.unref()
  }

  /**
   * Brings all that waits of a room, and answers what the rows with these keys got, whoever brought them. Rejects
   * `unavailable`, `log_fenced` or `log_full`: then they wait on.
   */
  async bring(room: string, pks: number[] = []): Promise<Map<number, Placed>> {
    const placed = new Map<number, Placed>()
    while (await this.#outbox.take(room, (rows, ask) => this.#bring(room, rows, ask, placed)));
    const others = pks.filter((pk) => !placed.has(pk))
    if (others.length === 0) return placed
    const drafts = others.map((pk): RedisArgument[] => ['q', keyOf(pk)])
    for (const [i, answer] of (await this.#call(room, drafts, (questions) => this.#loads.ask(questions))).entries())
      placed.set(others[i] as number, answer)
    return placed
  }

  /**
   * Brings what waits of a room, if anything does that may be the join of a user, and if it can be brought now. Rejects
   * `unavailable` when the database does not say whether anything waits: the log may go on without it.
   */
  async bringFor(room: string, user: string): Promise<void> {
    const partition = this.#append.partitionOf(room)
    const { members } = await this.#loads.askAllTheSame({ partition, members: [{ room, user }] })
    if (!members[0]?.waiting) return
    try {
      await this.bring(room)
    } catch (error) {
      // The log takes nothing now, so it pushes nothing either; what is stored may be read on.
      if (!(error instanceof YeoulError)) throw error
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#sweeping
  }

  async #bring(room: string, rows: WaitingRow[], ask: LogLoads['ask'], placed: Map<number, Placed>): Promise<void> {
    const answers = await this.#call(room, rows.map(draftOf), ask)
    for (const [i, answer] of answers.entries()) placed.set((rows[i] as WaitingRow).pk, answer)
  }

  async #call(room: string, drafts: RedisArgument[][], ask: LogLoads['ask']): Promise<Placed[]> {
    const call = { room, load: '', drafts }
    let asOf = 0
    let epoch = ''
    for (let round = 0; round < ROUNDS; round++) {
      const result = await this.#append.call(this.#append.partitionOf(room), asOf, epoch, [call])
      if (result.state === 'fenced') throw new YeoulError('log_fenced')
      const answers = result.answers.map(readAnswer)
      const cold = result.state === 'stale' || answers.some((answer) => 'need' in answer)
      if (!cold) return answers.map(orRefused)
      asOf = result.now
      const partition = this.#append.partitionOf(room)
      const loaded = await ask({ partition, rooms: [room] })
      epoch = String(loaded.epoch)
      // Of a room that was deleted the last events come now.
      call.load = loadOf(loaded.rooms[0] ?? null, { deletedToo: true })
    }
    throw new YeoulError('unavailable', 'The room did not become ready.')
  }

  /** Brings what has waited since the last time: nobody else will. */
  async #sweep(): Promise<void> {
    try {
      const rows = await this.#outbox.oldest(SWEEP_ROWS)
      const rooms = new Set(rows.filter(({ pk }) => this.#seen.has(pk)).map(({ room }) => room))
      this.#seen = new Set(rows.map(({ pk }) => pk))
      for (const room of rooms) await this.bring(room)
    } catch (error) {
      if (!(error instanceof YeoulError)) this.#failed(error)
    }
  }
}

function orRefused(answer: ReturnType<typeof readAnswer>): Placed {
  if ('ok' in answer && answer.ok) return answer
  throw new YeoulError('code' in answer ? answer.code : 'unavailable')
}

/** By this the log knows a row that comes twice. */
function keyOf(pk: number): string {
  return `outbox ${pk}`
}

function draftOf({ pk, at, event }: WaitingRow): RedisArgument[] {
  const { members, ...rest } = event
  if (rest.type === 'removed') return ['c', keyOf(pk), 'x', '', members, at, '']
  const { at: _, ...shown } = rest
  const user = 'user' in shown ? (shown.user as string) : ''
  return ['c', keyOf(pk), KINDS[rest.type], user, members, at, JSON.stringify(shown).slice(1, -1)]
}

const KINDS = { join: 'j', leave: 'l', member: 'b', room: 'o' } as const
