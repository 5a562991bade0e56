import type { Bus } from '../ports/bus.ts'
import type { Appended, Draft, MessageDraft } from '../ports/log.ts'
import type { Memberships } from '../ports/memberships.ts'
import { YeoulError } from '../protocol/errors.ts'
import { MENTIONS_MAX } from '../protocol/limits.ts'
import { Outage } from './outage.ts'

/** Messages whose members are looked up at a time: a crowd of mentions must not take the database for itself. */
const AT_ONCE = 4
/** Messages that wait for it; beyond, nobody is told of one: their next list of rooms says it. */
const WAITING_MAX = 1_000

interface Mentioning {
  draft: MessageDraft
  seq: number
  n: number
}

/**
 * Tells people, in all their sessions, that a durable message mentions them. Best effort: what counts is the list of rooms.
 *
 * Membership is asked after the message has its seq: whoever is a member then leaves, if ever, at a higher one, so nobody
 * hears of what follows their leave (P5).
 */
export class MentionNotices {
  readonly #memberships: Memberships
  readonly #bus: Bus
  readonly #outage: Outage
  readonly #waiting: Mentioning[] = []
  #running = 0

  constructor(parts: { memberships: Memberships; bus: Bus; failed: (error: unknown) => void }) {
    this.#memberships = parts.memberships
    this.#bus = parts.bus
    this.#outage = new Outage(parts.failed)
  }

  /** Takes what a batch appended; a message that mentions nobody costs a look at its length. */
  take(drafts: Draft[], results: Appended[]): void {
    for (let i = 0; i < drafts.length; i++) {
      const draft = drafts[i] as Draft
      if (draft.type !== 'message' || draft.mentions.length === 0) continue
      const result = results[i] as Appended
      if (!result.ok || result.duplicate || this.#waiting.length >= WAITING_MAX) continue
      this.#waiting.push({ draft, seq: result.seq, n: result.n })
    }
    while (this.#running < AT_ONCE && this.#waiting.length > 0) {
      this.#running++
      void this.#work()
    }
  }

  async #work(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      try {
        await this.#tell(next)
        this.#outage.over()
      } catch (error) {
        // A room that was deleted meanwhile mentions nobody.
        if (!(error instanceof YeoulError && error.code === 'room_not_found')) this.#outage.met(error)
      }
    }
    this.#running--
  }

  async #tell({ draft: { room, actor, mentions }, seq, n }: Mentioning): Promise<void> {
    const others = mentions.filter((user) => user !== actor)
    const { items } = await this.#memberships.list(room, null, MENTIONS_MAX, { among: others })
    for (const { user, readSeq } of items)
      if (readSeq < seq) this.#bus.publishToUser(user, { kind: 'mentioned', room, seq, n, actor })
  }
}
