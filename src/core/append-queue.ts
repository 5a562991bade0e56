import type { Appended, Draft, Log } from '../ports/log.ts'
import { type ErrorCode, YeoulError } from '../protocol/errors.ts'
import type { Metrics } from './metrics.ts'

/** Told once per draft: what the log answered, or the code of the failure that met the whole batch. */
export type AppendDone = (result: Appended) => void

/**
 * The next batch begins no sooner than this many times the last one's length after it began: a commit costs about the same
 * for 1 message as for 30.
 */
const REST = 8
/**
 * … but never later than this, in ms, unless told otherwise, and at once when ENOUGH wait or a batch is full: then nothing
 * is left to save.
 */
const REST_MAX_MS = 8
const ENOUGH = 300
/** A log that does not answer for so long, in ms, is `unavailable` to whoever waits. */
const ANSWER_MS = 10_000

/**
 * Gathers drafts into batches for the log: one batch is under way at a time, and what arrives meanwhile makes up the next.
 * After a quiet spell a message is delayed by nothing; under load batches begin some ms apart, so that a crowd is committed
 * together. Holds at most `limit` drafts (`overloaded` beyond), and nobody waits for longer than `answerMs` (`unavailable`:
 * perhaps stored, and safe to send again by P3). Callbacks rather than promises: this runs once per message.
 */
export class AppendQueue {
  #log: Log
  #limit: () => number
  #batchMax: () => number
  #answerMs: number
  #restMaxMs: number
  #metrics: Metrics
  /** Sees each batch that was appended before any sender is told. */
  #appended: (drafts: Draft[], results: Appended[]) => void
  #drafts: Draft[] = []
  #done: AppendDone[] = []
  #underWay = 0
  /** Whether a dispatch will begin or has not ended: it takes all that is pushed until then. */
  #dispatching = false
  #failed: (error: unknown) => void
  /** When the next batch may begin. */
  #notBefore = 0
  /** Ends the rest between two batches. */
  #enough: (() => void) | null = null
  #idle: (() => void)[] = []

  constructor(options: {
    log: Log
    limit: () => number
    /** The most drafts of one batch. Asked anew for each. */
    batchMax: () => number
    answerMs?: number
    /** The longest time between the beginnings of two batches that follow each other closely. */
    restMaxMs?: number
    metrics: Metrics
    appended: (drafts: Draft[], results: Appended[]) => void
    /** Told of a failure that no code names. */
    failed: (error: unknown) => void
  }) {
    this.#log = options.log
    this.#limit = options.limit
    this.#batchMax = options.batchMax
    this.#answerMs = options.answerMs ?? ANSWER_MS
    this.#restMaxMs = options.restMaxMs ?? REST_MAX_MS
    this.#metrics = options.metrics
    this.#appended = options.appended
    this.#failed = options.failed
  }

  /** Drafts that are not answered yet. */
  get pending(): number {
    return this.#drafts.length + this.#underWay
  }

  push(draft: Draft, done: AppendDone): void {
    if (this.pending >= this.#limit()) return done({ ok: false, code: 'overloaded' })
    this.#drafts.push(draft)
    this.#done.push(done)
    if (this.#dispatching) {
      if (this.#full()) this.#enough?.()
      return
    }
    this.#dispatching = true
    // After the sockets that are readable now have been read: their messages share the commit.
    setImmediate(() => void this.#dispatch())
  }

  /** Resolves when nothing is pending. */
  async drained(): Promise<void> {
    if (this.pending > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  async #dispatch(): Promise<void> {
    while (this.#drafts.length > 0) {
      await this.#rested()
      const { drafts, waiting } = this.#nextBatch()
      let done = waiting
      this.#underWay = drafts.length
      const startedAt = performance.now()
      let results: Appended[] | undefined
      let failure: ErrorCode = 'unavailable'
      const late = setInterval(() => {
        const waited = [...done, ...this.#done]
        // What the log has been given it may store yet: then it is published all the same. The rest is given up.
        done = []
        this.#drafts = []
        this.#done = []
        for (const tell of waited) tell({ ok: false, code: 'unavailable' })
      }, this.#answerMs)
      late.unref()
      try {
        results = await this.#log.append(drafts)
      } catch (error) {
        if (error instanceof YeoulError) failure = error.code
        else {
          failure = 'internal'
          this.#failed(error)
        }
      }
      clearInterval(late)
      this.#underWay = 0
      if (results === undefined) {
        for (const tell of done) tell({ ok: false, code: failure })
        continue
      }
      const tookMs = performance.now() - startedAt
      this.#notBefore = startedAt + Math.min(this.#restMaxMs, tookMs * REST)
      this.#metrics.appendBatchSize.observe(drafts.length)
      this.#metrics.appendSeconds.observe(tookMs / 1000)
      this.#appended(drafts, results)
      for (let i = 0; i < done.length; i++) (done[i] as AppendDone)(results[i] as Appended)
    }
    this.#dispatching = false
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  #nextBatch(): { drafts: Draft[]; waiting: AppendDone[] } {
    const most = this.#batchMax()
    const drafts = this.#drafts
    const waiting = this.#done
    if (drafts.length > most) return { drafts: drafts.splice(0, most), waiting: waiting.splice(0, most) }
    this.#drafts = []
    this.#done = []
    return { drafts, waiting }
  }

  /** Whether waiting would add nothing to the next batch. */
  #full(): boolean {
    return this.#drafts.length >= Math.min(ENOUGH, this.#batchMax())
  }

  async #rested(): Promise<void> {
    const wait = this.#notBefore - performance.now()
    if (wait < 1 || this.#full()) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, wait)
      this.#enough = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#enough = null
  }
}
