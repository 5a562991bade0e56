import type { Emoji } from './emoji.ts'

export const GROUPS = [0, 1, 3, 4, 5, 6, 7, 8, 9] as const
export type Section = 'found' | 'recent' | (typeof GROUPS)[number]
export type PanelRow = { section: Section } | { emoji: readonly Emoji[] }

/** The rows of the panel: each section's name, then its emoji. */
export function rowsOf(
  sections: readonly { section: Section; emoji: readonly Emoji[] }[],
  columns: number,
): PanelRow[] {
  return sections.flatMap(({ section, emoji }) => {
    if (emoji.length === 0) return []
    const rows: PanelRow[] = [{ section }]
    for (let i = 0; i < emoji.length; i += columns) rows.push({ emoji: emoji.slice(i, i + columns) })
    return rows
  })
}

export interface Place {
  row: number
  column: number
}

/** Where an arrow key leads; the same place where there is nothing further. */
export function moved(rows: readonly PanelRow[], from: Place | null, key: string): Place | null {
  const filled = rows.flatMap((row, i) => ('emoji' in row ? [i] : []))
  if (filled.length === 0) return null
  if (from === null) return { row: filled[0]!, column: 0 }
  const at = filled.indexOf(from.row)
  const lengthAt = (i: number) => (rows[filled[i]!] as { emoji: readonly Emoji[] }).emoji.length
  const to = (i: number, column: number): Place =>
    filled[i] === undefined ? from : { row: filled[i]!, column: Math.min(column, lengthAt(i) - 1) }
  switch (key) {
    case 'ArrowDown':
      return to(at + 1, from.column)
    case 'ArrowUp':
      return to(at - 1, from.column)
    case 'ArrowRight':
      return from.column + 1 < lengthAt(at) ? to(at, from.column + 1) : to(at + 1, 0)
    case 'ArrowLeft':
      return from.column > 0 ? to(at, from.column - 1) : to(at - 1, Number.POSITIVE_INFINITY)
    default:
      return from
  }
}

export function emojiAt(rows: readonly PanelRow[], place: Place | null): Emoji | undefined {
  const row = place === null ? undefined : rows[place.row]
  return row !== undefined && 'emoji' in row ? row.emoji[place!.column] : undefined
}
