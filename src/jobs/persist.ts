import { setTimeout as sleep } from 'node:timers/promises'
import type { LogSide, Piece, WriteBackDatabase } from '../ports/write-back.ts'
import { countWaiting, HeldPartition } from './persist-partition.ts'

/** How long a partition stays with a worker that says nothing, and how often a worker says something, ms. */
const LEASE_MS = 5_000
const RENEW_MS = 2_000
const TRIM_AFTER_MS = 10_000
const TRIM_MS = 1_000
const TIDY_MS = 10_000
/** Entries of all partitions that are in memory at once. */
const READ_MAX = 20_000
const READ_MIN = 16
/** How often the log is looked at in any case: a batch may be full long before the interval is over. */
const POLL_MS = 1_000
const BACK_OFF_MS = { first: 100, most: 2_000 }
const POISON_MS = { first: 100, most: 2_000 }

interface Measure {
  observe(value: number): void
}

export interface PersistOptions {
  /** Names this worker among all. */
  worker: string
  logSide: LogSide
  database: WriteBackDatabase
  /** Entries in a statement. */
  batch: () => number
  /** The longest time that entries wait for a batch to fill, ms. */
  intervalMs: () => number
  /** How often an entry that the database refuses is tried. */
  tries: () => number
  /** How long what was written stays in the log, 10 s by default: who reads there meets no hole on the way to the database. */
  trimAfterMs?: number
  metrics: { batchSize: Measure; seconds: Measure; read(stats: () => PersistStats): void }
  /** Told in one line, with details, what an operator should know. */
  log: { warn(details: object, message: string): void; error(details: object, message: string): void }
}

export interface PersistStats {
  /** Partitions that this worker holds. */
  partitions: number
  /** Entries of these that are not in the database yet, as far as this worker knows. */
  backlog: number
  /** Age of the oldest of these that it has read, ms. */
  lagMs: number
  /** Since the start: events written, statements sent for it, entries parked, epochs raised, rounds that failed. */
  written: number
  batches: number
  statements: number
  parked: number
  settled: number
  failures: number
  /** Entries that wait for an operator, of all workers. */
  parkedNow: number
}

/**
 * Writes the fast log to the database, in batches over all partitions that this worker holds. A batch is written as soon as
 * it is full, or when the interval is over. What was written leaves the log some seconds later. An entry that the database
 * refuses is found by halving, tried again, and then parked, so that the rest goes on.
 */
export function startPersist(options: PersistOptions): { stop(): Promise<void>; stats(): PersistStats } {
  const persist = new Persist(options)
  options.metrics.read(() => persist.stats())
  persist.start()
  return { stop: () => persist.stop(), stats: () => persist.stats() }
}

class Persist {
  readonly #options: PersistOptions
  readonly #held = new Map<number, HeldPartition>()
  readonly #counts = { written: 0, batches: 0, parked: 0, settled: 0, failures: 0, parkedNow: 0 }
  readonly #stopped = new AbortController()
  #loops: Promise<unknown> = Promise.resolve()
  #renewing: Promise<void> | null = null
  #lastRound = 0
  /** Entries that were read and wait for a batch to fill, and since when. */
  #left = 0
  #waitingSince: number | null = null
  #unread = false
  #tidied = 0

  constructor(options: PersistOptions) {
    this.#options = options
  }

  start(): void {
    this.#loops = Promise.all([
      this.#repeat('the log cannot be written to the database', () => this.#round()),
      this.#repeat('partitions cannot be leased', () => this.#renew().then(() => RENEW_MS)),
      this.#repeat('what was written cannot be trimmed', () => this.#trim().then(() => TRIM_MS)),
    ])
  }

  /** What is under way is finished, and the partitions are given to others. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#loops
    const { database, worker, log } = this.#options
    await database.release(worker).catch(({ message: why }) => log.warn({ why }, 'partitions could not be given back'))
    await database.close()
  }

  stats(): PersistStats {
    let backlog = 0
    const now = Date.now()
    let oldest = now
    for (const { entries, waitingBehind, oldestAt } of this.#held.values()) {
      backlog += entries.length + waitingBehind
      oldest = Math.min(oldest, oldestAt ?? now)
    }
    return {
      partitions: this.#held.size,
      backlog,
      lagMs: now - oldest,
      statements: this.#options.database.statements(),
      ...this.#counts,
    }
  }

  /** Does something until the end, each time after as many ms as the last time said; after failures more and more rarely. */
  async #repeat(failure: string, work: () => Promise<number>): Promise<void> {
    let failed = 0
    while (!this.#stopped.signal.aborted) {
      let pause: number
      try {
        pause = await work()
        failed = 0
      } catch (err) {
        // Its message alone: some errors carry what was sent, with its texts.
        if (failed === 0) this.#options.log.warn({ why: (err as Error).message }, `${failure}; trying again`)
        this.#counts.failures++
        pause = backOff(BACK_OFF_MS, failed++)
      }
      await sleep(pause, undefined, { signal: this.#stopped.signal }).catch(() => {})
    }
  }

  // Leases

  #renew(): Promise<void> {
    this.#renewing ??= this.#renewNow().finally(() => {
      this.#renewing = null
    })
    return this.#renewing
  }

  async #renewNow(): Promise<void> {
    const { database, worker } = this.#options
    const leases = await database.lease(worker, LEASE_MS)
    const mine = new Set<number>()
    for (const lease of leases) {
      mine.add(lease.partition)
      const held = this.#held.get(lease.partition)
      if (held === undefined) this.#held.set(lease.partition, new HeldPartition(lease, Date.now()))
      else if (held.inDoubt) held.settleDoubt(lease)
    }
    for (const partition of this.#held.keys()) if (!mine.has(partition)) this.#held.delete(partition)
  }

  // A round: read what is new of all partitions, write it

  /** Answers in how many ms the next round should begin. */
  async #round(): Promise<number> {
    const held = [...this.#held.values()]
    const { logSide } = this.#options
    if (held.some(({ inDoubt }) => inDoubt)) await this.#renew().catch((error) => countWaiting(held, logSide, error))
    const read = await this.#read()
    const fresh = Math.max(0, entriesOf(read) - this.#left)
    await this.#writeDue(read)
    for (const held of read) if (held.mustBeAdopted) await this.#adopt(held)
    return this.#pauseAfter(fresh, read)
  }

  async #read(): Promise<HeldPartition[]> {
    const now = Date.now()
    const ready = [...this.#held.values()].filter((held) => !held.inDoubt && held.notBefore <= now)
    const limit = Math.min(this.#options.batch(), Math.max(READ_MIN, Math.floor(READ_MAX / (ready.length || 1))))
    const answers = await Promise.allSettled(
      ready.map(({ lease }) => this.#options.logSide.fetch(lease.partition, lease.position, limit)),
    )
    const read: HeldPartition[] = []
    let failure: unknown = null
    for (const [i, answer] of answers.entries()) {
      const held = ready[i] as HeldPartition
      if (answer.status === 'rejected') failure = answer.reason
      else if (this.#stillHeld(held)) {
        held.take(answer.value)
        read.push(held)
      }
    }
    if (failure !== null && read.length === 0) throw failure
    // One server of several may be down: the partitions of the others go on.
    this.#noteUnread(failure)
    return read
  }

  #noteUnread(failure: unknown): void {
    if (failure !== null) this.#counts.failures++
    if (failure !== null && !this.#unread)
      this.#options.log.warn({ why: (failure as Error).message }, 'a partition of the log cannot be read; trying again')
    this.#unread = failure !== null
  }

  async #writeDue(read: HeldPartition[]): Promise<void> {
    while (this.#isDue(read)) {
      const pieces = this.#nextBatch(read)
      if (pieces.length === 0) return
      await this.#write(pieces)
      this.#waitingSince = null
      if (this.#stopped.signal.aborted) return
    }
  }

  /** Whether a batch is full, or has waited for long enough; what holds others up does not wait. */
  #isDue(read: HeldPartition[]): boolean {
    const hurried = read.some((held) => held.adoptFor !== null || held.suspected || held.waitingBehind > 0)
    return hurried || entriesOf(read) >= this.#options.batch() || this.#untilDue(read) <= 0
  }

  /** How much longer what was read may wait, ms. The clock of the log's server may be another: it does not decide alone. */
  #untilDue(read: HeldPartition[]): number {
    const now = Date.now()
    const oldest = Math.min(...read.map((held) => held.entries[0]?.at ?? now))
    const waited = this.#waitingSince === null ? 0 : performance.now() - this.#waitingSince
    return this.#options.intervalMs() - Math.max(now - oldest, waited)
  }

  /** Until what waits is due, or as many have come as make a batch. */
  #pauseAfter(fresh: number, read: HeldPartition[]): number {
    const now = performance.now()
    const elapsed = now - this.#lastRound
    this.#lastRound = now
    this.#left = entriesOf(read)
    if (this.#left === 0) this.#waitingSince = null
    else this.#waitingSince ??= now
    if (read.some((held) => held.waitingBehind > 0)) return 0
    const untilDue = Math.min(POLL_MS, this.#left === 0 ? this.#options.intervalMs() : this.#untilDue(read))
    const untilFull = fresh === 0 ? untilDue : ((this.#options.batch() - this.#left) / fresh) * elapsed
    const retries = [...this.#held.values()].map((held) => held.notBefore - Date.now()).filter((ms) => ms > 0)
    return Math.max(1, Math.min(untilDue, untilFull, ...retries))
  }

  /** As many entries as a batch has, from one partition after the other. */
  #nextBatch(read: HeldPartition[]): Piece[] {
    const pieces: Piece[] = []
    const now = Date.now()
    let room = this.#options.batch()
    for (const held of read) {
      if (room === 0) break
      if (held.inDoubt || held.notBefore > now || held.entries.length === 0 || !this.#stillHeld(held)) continue
      // What was refused before stands alone until it is known what becomes of it.
      const entries = held.entries.slice(0, held.suspected ? 1 : room)
      pieces.push({ lease: held.lease, entries })
      room -= entries.length
    }
    return pieces
  }

  /** Writes pieces together; when the database refuses that, smaller ones, until the entry that it refuses stands alone. */
  async #write(pieces: Piece[]): Promise<void> {
    const { database, worker } = this.#options
    const held = pieces.map(({ lease }) => this.#held.get(lease.partition)).filter((each) => each !== undefined)
    let outcome: Awaited<ReturnType<WriteBackDatabase['persist']>>
    try {
      outcome = await database.persist(worker, pieces)
    } catch (error) {
      for (const each of held) each.doubt()
      throw error
    }
    if (outcome.state === 'lost') for (const each of held) each.doubt()
    else if (outcome.state === 'written') this.#written(pieces)
    else if (pieces.length > 1) await this.#writeApart(pieces)
    else await this.#refused(pieces[0] as Piece, outcome.why, outcome.broken)
  }

  #written(pieces: Piece[]): void {
    const now = Date.now()
    const { metrics } = this.#options
    let entries = 0
    for (const { lease, entries: written } of pieces) {
      entries += written.length
      metrics.seconds.observe(Math.max(0, now - (written[0]?.at ?? now)) / 1_000)
      this.#held.get(lease.partition)?.wrote(written.length, now)
    }
    metrics.batchSize.observe(entries)
    this.#counts.written += entries
    this.#counts.batches++
  }

  async #writeApart(pieces: Piece[]): Promise<void> {
    for (const piece of pieces) {
      const held = this.#held.get(piece.lease.partition)
      if (held !== undefined && !held.inDoubt) await this.#write([piece])
    }
  }

  async #refused(piece: Piece, why: string, broken: boolean): Promise<void> {
    const held = this.#held.get(piece.lease.partition)
    if (held === undefined) return
    if (piece.entries.length > 1) {
      const half = Math.ceil(piece.entries.length / 2)
      await this.#write([{ lease: held.lease, entries: piece.entries.slice(0, half) }])
      return
    }
    if (broken) await this.#abandon(held, why)
    else await this.#suspect(held, piece, why)
  }

  /** The database refused one entry: later once more, and in the end without it. */
  async #suspect(held: HeldPartition, piece: Piece, why: string): Promise<void> {
    const { database, worker, log } = this.#options
    const [entry] = piece.entries as [Piece['entries'][0]]
    const tries = held.refused()
    if (tries < this.#options.tries()) {
      held.notBefore = Date.now() + backOff(POISON_MS, tries - 1)
      return
    }
    const outcome = await database.park(worker, held.lease, entry, why, tries)
    if (outcome.state !== 'written') {
      held.doubt()
      return
    }
    held.wrote(1, Date.now())
    this.#counts.parked++
    const { partition } = held.lease
    log.error({ partition, room: entry.room, seq: entry.seq, why }, 'an entry was parked: see `yeoul parked list`')
  }

  // The fence

  /** The log lost what came before what it holds: the life of this partition ends where the database is. */
  async #abandon(held: HeldPartition, why: string): Promise<void> {
    const { partition, position } = held.lease
    const { instance, epoch, waiting } = await this.#options.logSide.fetch(partition, position, 1)
    this.#options.log.error({ partition, why }, 'the log has a hole')
    held.adoptFor = { instance, epoch, drained: false, lost: waiting }
    await this.#adopt(held)
  }

  /** Ends the old life of a partition's log in the database, then begins a new one in the log. */
  async #adopt(held: HeldPartition): Promise<void> {
    const { database, logSide, worker, log } = this.#options
    const { partition, owner, epoch: before } = held.lease
    const { instance, epoch, drained, lost } = held.adoptFor as NonNullable<HeldPartition['adoptFor']>
    const lease = await database.settle(worker, held.lease, instance, epoch + 1).catch((error) => {
      held.doubt()
      throw error
    })
    if (lease === null) {
      held.doubt()
      return
    }
    held.begin(lease)
    if (lease.epoch > before) {
      this.#counts.settled++
      log.warn(
        { partition, epoch: lease.epoch, owner, instance, lost },
        'the log restarted or lost data: its rooms are in a new epoch, without so many entries that do not follow the database',
      )
    }
    // Refused when the server was restarted once more: the next round sees that.
    await logSide.adopt(partition, lease.epoch, instance, drained)
  }

  // Forgetting

  async #trim(): Promise<void> {
    const { database, logSide } = this.#options
    const now = Date.now()
    const tidy = now - this.#tidied >= TIDY_MS
    if (tidy) this.#tidied = now
    const before = now - (this.#options.trimAfterMs ?? TRIM_AFTER_MS)
    const forget = async (partition: number, held: HeldPartition): Promise<void> => {
      const upTo = held.adoptFor === null ? held.writtenBy(before) : null
      if (upTo !== null) await logSide.trim(partition, held.lease.epoch, upTo)
      if (upTo !== null) held.trimmed(upTo)
      if (tidy) await logSide.tidy(partition)
    }
    // One server of several may be down: the partitions of the others go on.
    const outcomes = await Promise.allSettled([...this.#held].map(([partition, held]) => forget(partition, held)))
    const failure = outcomes.find((outcome) => outcome.status === 'rejected')
    if (tidy) this.#counts.parkedNow = await database.parkedCount()
    if (failure !== undefined) throw failure.reason
  }

  #stillHeld(held: HeldPartition): boolean {
    return this.#held.get(held.lease.partition) === held
  }
}

function entriesOf(read: HeldPartition[]): number {
  return read.reduce((sum, held) => sum + held.entries.length, 0)
}

function backOff({ first, most }: { first: number; most: number }, failed: number): number {
  return Math.min(most, first * 2 ** Math.min(failed, 10)) * (0.75 + Math.random() / 2)
}
