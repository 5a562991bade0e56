import type { Experiment, Row } from './experiment.ts'
import type { Surroundings } from './surroundings.ts'

/** One figure over the repeats. */
export interface Spread {
  median: number
  min: number
  max: number
}

/** The repeats of a row, laid together. */
export interface Result {
  name: string
  system: string
  remark: string | null
  claim: string | null
  /** By key, over the repeats that are not void. */
  figures: Record<string, Spread>
  /** Repeats that the figures are of. */
  measured: number
  /** Why there are no figures: set when every repeat is void. */
  void: string | null
  /** What did not hold, with its repeat where there are several. */
  broken: string[]
  notes: string[]
}

/** Everything that a run of the lab has to tell. */
export interface Report {
  /** As it was typed. */
  command: string
  quick: boolean
  /** Of each experiment, as asked for. */
  repeats: number
  elapsedMs: number
  /** Why it ended before everything was measured; null when it did not. */
  incomplete: string | null
  surroundings: Surroundings
  /** Experiments that have begun, in their order. */
  findings: Findings[]
}

/** What came of an experiment so far: rows by repeat, and what ended a repeat early. */
export class Findings {
  readonly experiment: Experiment
  /** How many repeats were asked for. */
  readonly asked: number
  readonly repeats: Row[][] = []
  /** Errors that ended a repeat. */
  readonly failures: string[] = []

  constructor(experiment: Experiment, asked: number) {
    this.experiment = experiment
    this.asked = asked
  }

  /** Throws when the repeat has a row of that name already: two conditions would be taken for repeats of one. */
  add(repeat: number, row: Row): void {
    this.repeats[repeat] ??= []
    const rows = this.repeats[repeat]
    if (rows.some(({ name }) => name === row.name)) throw new Error(`two rows are called "${row.name}"`)
    rows.push(row)
  }

  fail(repeat: number, why: string): void {
    this.failures.push(`${repeatName(repeat, this.asked)}ended early: ${why}`)
  }

  /** In the order in which they were first measured, those of one condition together. */
  get results(): Result[] {
    const names = new Set(this.repeats.flatMap((rows) => rows.map(({ name }) => name)))
    const conditions = [...new Set([...names].map(conditionOf))]
    const grouped = conditions.flatMap((condition) => [...names].filter((name) => conditionOf(name) === condition))
    return grouped.map((name) => merged(name, this.repeats, this.asked))
  }

  /** Invariants that were held against rows, over all repeats. */
  get checked(): number {
    return this.repeats.flat().reduce((sum, { invariants }) => sum + Object.keys(invariants).length, 0)
  }

  /** All that did not hold: a sentence each. */
  get broken(): string[] {
    const ofRows = this.results.flatMap(({ name, broken }) => broken.map((what) => `${name}: ${what}`))
    return [...this.failures, ...ofRows]
  }
}

/** `storm` of `storm: Yeoul`. */
function conditionOf(name: string): string {
  return name.split(': ', 1)[0]!
}

function merged(name: string, repeats: Row[][], asked: number): Result {
  const found = repeats.flatMap((rows, repeat) =>
    rows.filter((row) => row.name === name).map((row) => ({ repeat, row })),
  )
  const rows = found.map(({ row }) => row)
  const reasons = rows.flatMap((row) => row.void ?? [])
  const valid = rows.filter((row) => !row.void)
  const notes = new Set(rows.flatMap((row) => row.notes ?? []))
  if (valid.length > 0 && reasons.length > 0) {
    notes.add(`${reasons.length} of ${rows.length} repeats gave no figure: ${[...new Set(reasons)].join('; ')}`)
  }
  if (rows.length < asked) notes.add(`measured ${rows.length} of ${asked} times`)
  const keys = new Set(valid.flatMap(({ figures }) => Object.keys(figures)))
  const figures: Record<string, Spread> = {}
  for (const key of keys) {
    const values = valid.map((row) => row.figures[key]).filter((value) => value !== undefined && Number.isFinite(value))
    if (values.length > 0) figures[key] = spread(values as number[])
  }
  return {
    name,
    system: rows[0]!.system,
    remark: rows.find(({ remark }) => remark !== undefined)?.remark ?? null,
    claim: rows.find(({ claim }) => claim !== undefined)?.claim ?? null,
    figures,
    measured: valid.length,
    void: valid.length === 0 ? [...new Set(reasons)].join('; ') : null,
    broken: found.flatMap(({ repeat, row }) =>
      Object.entries(row.invariants).flatMap(([what, holds]) => (holds ? [] : [repeatName(repeat, asked) + what])),
    ),
    notes: [...notes],
  }
}

function repeatName(repeat: number, asked: number): string {
  return asked > 1 ? `repeat ${repeat + 1}: ` : ''
}

/** Throws when there are no values. */
export function spread(values: number[]): Spread {
  if (values.length === 0) throw new Error('a median of nothing')
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const median = Number.isInteger(middle) ? (sorted[middle - 1]! + sorted[middle]!) / 2 : sorted[Math.floor(middle)]!
  return { median, min: sorted[0]!, max: sorted.at(-1)! }
}
