/**
 * What the write-back worker stands on: the side of the fast log from which it reads, and the side of the database to which
 * it writes. Both are divided by partition; each partition is leased by one worker at a time.
 *
 * Nothing is written twice and nothing out of order, whatever dies: the place up to which a partition was written moves by
 * compare-and-set in the same transaction as the rows, and only for who holds the lease, in the epoch in which it was read.
 */

/** One event as the log holds it. */
export interface LogEntry {
  /** Its place in the partition's log. */
  id: string
  /** When it was appended, ms. */
  at: number
  room: string
  seq: number
  n: number
  /** The event as JSON, as it is now: an edited or erased text is never the old one. */
  event: string
}

export interface Fetched {
  /** The instance of the log's server that answers: another one after every restart, wipe or failover. */
  instance: string
  /** The instance for which this partition was adopted; null when nothing was, or it was lost. */
  owner: string | null
  /** The epoch of the partition in which it was adopted; 0 when it was not. */
  epoch: number
  /** In the order of the log, contiguous for each room. */
  entries: LogEntry[]
  /** How many entries there are after the place that was asked for, those of the answer included. */
  waiting: number
}

/** The side of the log. Calls reject with `unavailable` while it cannot be reached. */
export interface LogSide {
  /** The entries after a place, at most `limit`, fewer when they are large; also of a partition that is not adopted. */
  fetch(partition: number, after: string, limit: number): Promise<Fetched>
  /** Forgets what is in the database up to a place, when the log still lives in this epoch; readers find it there. */
  trim(partition: number, epoch: number, upTo: string): Promise<void>
  /** Lets rooms that nobody uses leave the log, and repeats whose window is over. To be called now and then. */
  tidy(partition: number): Promise<void>
  /**
   * Begins a new life of a partition's log: empties it and lets `instance` append to it in `epoch`. Answers false and changes
   * nothing when it lives in that epoch or a later one, for the instance that answers now, or `instance` is another one.
   * `drained`: all of its old life is in the database; then what it knows of repeats stays good (P3).
   */
  adopt(partition: number, epoch: number, instance: string, drained: boolean): Promise<boolean>
}

/** A partition that this worker holds, and up to where it was written. */
export interface Lease {
  partition: number
  /** For which instance the partition's log was adopted; null when it never was. */
  owner: string | null
  epoch: number
  /** The id of the newest entry that is in the database; FIRST before any. */
  position: string
}

/** The place before the first entry. */
export const FIRST = '0-0'

/** Entries of one partition that follow its position. */
export interface Piece {
  lease: Lease
  entries: LogEntry[]
}

/**
 * - `written`: all of it is in the database.
 * - `lost`: a lease, a position or a room's head was not as it was said; nothing was written.
 * - `refused`: the database cannot hold one of the entries, or an entry does not go on where its room ended; nothing was written.
 *   `broken` says the latter: the log lost what came before, and no later try will help. `partition` is null when it is not
 *   known which one it was.
 */
export type Persisted =
  | { state: 'written'; entries: number }
  | { state: 'lost' }
  | { state: 'refused'; partition: number | null; why: string; broken: boolean }

/** The side of the database. Calls reject with `unavailable` or `storage_full` while it cannot do its work. */
export interface WriteBackDatabase {
  /**
   * Renews what this worker holds for another `lifeMs`, takes its fair share of what is free or lapsed, and takes from who
   * holds more than a fair share. Answers all that it holds now.
   */
  lease(worker: string, lifeMs: number): Promise<Lease[]>
  /** Gives everything back. */
  release(worker: string): Promise<void>
  /** Writes all pieces or none, in one statement, and moves their positions. */
  persist(worker: string, pieces: Piece[]): Promise<Persisted>
  /** Sets one entry aside and leaves a placeholder without content at its seq, so that its room goes on without a hole. */
  park(worker: string, lease: Lease, entry: LogEntry, why: string, tries: number): Promise<Persisted>
  /**
   * Fences what was before: raises the epoch of the partition and of its rooms, for a log that starts empty at `instance`.
   * The rooms go on from where they ended in the database, and theirs stays when no log ever had the partition. The new one
   * is no lower than `atLeast`. Null when the lease is not ours any more, or the partition moved on meanwhile.
   */
  settle(worker: string, lease: Lease, instance: string, atLeast: number): Promise<Lease | null>
  /** Statements that were sent so far, of all kinds. */
  statements(): number
  /** Entries that are set aside, of all workers. */
  parkedCount(): Promise<number>
  close(): Promise<void>
}
