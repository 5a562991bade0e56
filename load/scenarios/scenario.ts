import type { Measurement } from '../measure/measure.ts'
import type { Table } from '../measure/report.ts'

/** The numbers that the command line may set, by name. */
export type Options = Record<string, number>

export interface Scenario {
  name: string
  /** One line: what is asked of the server. */
  about: string
  /** Needs PostgreSQL, Redis and nginx: it runs when asked for by name or by `--cluster`. */
  cluster?: true
  /** The options with their values in a quick and in a full run. */
  options: Record<string, { quick: number; full: number; about: string }>
  run(options: Options): Promise<Outcome>
}

export interface Outcome {
  tables: Table[]
  /** What must hold, as sentences; one that is false fails the run. */
  invariants: Record<string, boolean>
  /** Sentences with what the tables don't say. */
  notes: string[]
  /** All that was measured, for the JSON report. */
  data: Record<string, unknown>
}

/** What goes into the JSON report of a measurement: without what is only there to be merged. */
export function reportOf(measured: Measurement): Record<string, unknown> {
  const { totals, ...rest } = measured
  const { rooms, ...tally } = totals.tally
  return { ...rest, rooms: Object.keys(rooms).length, tally, cacheHits: totals.cacheHits }
}

export function prefixed(name: string, invariants: Record<string, boolean>): Record<string, boolean> {
  return Object.fromEntries(Object.entries(invariants).map(([what, holds]) => [`${name}: ${what}`, holds]))
}
