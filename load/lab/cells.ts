import type { Figure } from './experiment.ts'
import type { Result, Spread } from './results.ts'

/** A figure as it stands in a table: `12.3`, `45,678`, `3.00 M`. */
export function figureText(value: number, digits = 0): string {
  if (Math.abs(value) >= 1e6) return `${(value / 1e6).toFixed(2)} M`
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

export interface Cell {
  /** The median; a dash where the figure does not apply. */
  median: string
  /** Least and most over the repeats; null where they read the same. */
  range: string | null
}

export function cell(spread: Spread | undefined, { digits }: Figure): Cell {
  if (spread === undefined) return { median: '–', range: null }
  const [min, max] = [figureText(spread.min, digits), figureText(spread.max, digits)]
  return { median: figureText(spread.median, digits), range: min === max ? null : `${min}–${max}` }
}

/** `12.3 (11.8–13.0)` */
export function cellText(spread: Spread | undefined, figure: Figure): string {
  const { median, range } = cell(spread, figure)
  return range === null ? median : `${median} (${range})`
}

/** The columns that some row fills. */
export function filled(figures: Figure[], results: Result[]): Figure[] {
  return figures.filter(({ key }) => results.some((result) => result.figures[key] !== undefined))
}
