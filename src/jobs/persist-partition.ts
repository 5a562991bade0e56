import { type Fetched, FIRST, type Lease, type LogEntry, type LogSide } from '../ports/write-back.ts'

/** Places that were written shortly after each other are trimmed together. */
const TOGETHER_MS = 500

/** A partition that this worker holds, with what it has read of its log. */
export class HeldPartition {
  lease: Lease
  /** Where it was written up to is in doubt: the database must say. */
  inDoubt = false
  /** Read, not written yet. */
  entries: LogEntry[] = []
  /** What is in the log after `entries`. */
  waitingBehind = 0
  /** When the oldest entry that is not written was appended, ms; null when there is none that we know of. */
  oldestAt: number | null = null
  /**
   * The instance for which the log must be adopted anew, the epoch that it has there, whether all of it comes to the database
   * first, and how many of its entries nobody will write; null when all is well.
   */
  adoptFor: { instance: string; epoch: number; drained: boolean; lost: number } | null = null
  /** Not to be tried before this time, ms. */
  notBefore = 0
  /** The entry that the database refused when it stood alone, and how often. */
  #suspect: { id: string; tries: number } | null = null
  /** Places that were written, and when, the oldest first: not trimmed yet. */
  #written: { position: string; at: number }[] = []

  constructor(lease: Lease, now: number) {
    this.lease = lease
    // Who held it before may have died before trimming.
    if (lease.position !== FIRST) this.#written.push({ position: lease.position, at: now })
  }

  /** Takes the database's word for where it was written up to. */
  settleDoubt(lease: Lease): void {
    this.lease = lease
    this.inDoubt = false
  }

  /** What was read is forgotten; where it was written up to is not sure. */
  doubt(): void {
    this.waitingBehind += this.entries.length
    this.entries = []
    this.inDoubt = true
  }

  /** Takes in what was read after `lease.position`. */
  take(fetched: Fetched): void {
    const { instance, owner, epoch, entries, waiting } = fetched
    const { lease } = this
    const sameLife = epoch === lease.epoch && owner === lease.owner
    const ended = { instance, epoch, drained: sameLife, lost: sameLife ? 0 : waiting }
    this.adoptFor = sameLife && owner === instance ? null : ended
    // Of another life of the log the database knows nothing, and wants nothing: it was fenced off.
    this.entries = sameLife ? entries : []
    this.waitingBehind = sameLife ? waiting - entries.length : 0
    this.oldestAt = this.entries[0]?.at ?? null
  }

  /** Whether all of the life that ends is in the database. */
  get mustBeAdopted(): boolean {
    return this.adoptFor !== null && !this.inDoubt && this.entries.length === 0 && this.waitingBehind === 0
  }

  /** The first `count` entries are in the database. */
  wrote(count: number, now: number): void {
    const last = this.entries[count - 1]
    if (last === undefined) return
    this.entries = this.entries.slice(count)
    this.lease = { ...this.lease, position: last.id }
    this.#suspect = null
    this.oldestAt = this.entries[0]?.at ?? (this.waitingBehind > 0 ? last.at : null)
    const newest = this.#written.at(-1)
    if (newest !== undefined && now - newest.at < TOGETHER_MS) newest.position = last.id
    else this.#written.push({ position: last.id, at: now })
  }

  /** Begins a new life of the log. */
  begin(lease: Lease): void {
    this.lease = lease
    this.adoptFor = null
    this.entries = []
    this.waitingBehind = 0
    this.oldestAt = null
    this.#suspect = null
    this.#written = []
  }

  get suspected(): boolean {
    return this.#suspect !== null && this.#suspect.id === this.entries[0]?.id
  }

  /** The database refused the first entry alone; answers how often by now. */
  refused(): number {
    const { id } = this.entries[0] as LogEntry
    this.#suspect = { id, tries: this.suspected ? (this.#suspect?.tries ?? 0) + 1 : 1 }
    return this.#suspect.tries
  }

  /** The place up to which all was written by a time, when there is something to trim. */
  writtenBy(time: number): string | null {
    return this.#written.findLast(({ at }) => at <= time)?.position ?? null
  }

  trimmed(upTo: string): void {
    const place = this.#written.findIndex(({ position }) => position === upTo)
    this.#written.splice(0, place + 1)
  }
}

/**
 * Counts what waits while the database cannot be written: nothing is read then, and the backlog must show all the same how it
 * grows. Rejects with `failure`, whose consequence this is.
 */
export async function countWaiting(held: HeldPartition[], logSide: LogSide, failure: unknown): Promise<never> {
  await Promise.allSettled(
    held.map(async (each) => {
      const { waiting } = await logSide.fetch(each.lease.partition, each.lease.position, 1)
      each.waitingBehind = Math.max(0, waiting - each.entries.length)
    }),
  )
  throw failure
}
