import type { LatencySummary } from './latency.ts'
import type { Measurement } from './measure.ts'

export interface Table {
  /** Above it, unless it is empty. */
  title: string
  columns: string[]
  rows: string[][]
}

/** As Markdown, so that it can be read in a terminal and kept in a document. */
export function renderTable({ title, columns, rows: raw }: Table): string {
  const rows = raw.map((cells) => cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')))
  const widths = columns.map((column, i) => Math.max(column.length, ...rows.map((row) => (row[i] ?? '').length)))
  const line = (cells: string[]) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`
  const rule = `|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [...(title === '' ? [] : [`**${title}**`, '']), line(columns), rule, ...rows.map(line)].join('\n')
}

/** 1234567 as `1.23 M`, 45678 as `45,678`. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`
  if (value >= 100) return Math.round(value).toLocaleString('en-US')
  return value.toFixed(value >= 10 ? 1 : 2)
}

export function millis(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1)
}

export function delays(summary: LatencySummary): string[] {
  if (summary.count === 0) return ['–', '–', '–', '–']
  return [millis(summary.p50), millis(summary.p99), millis(summary.p999), millis(summary.max)]
}

/** The columns that every fan-out measurement fills. */
export function fanOutTable(title: string, rows: { name: string; measured: Measurement }[]): Table {
  return {
    title,
    columns: [
      'server',
      'sent/s',
      'deliveries/s',
      'server cores',
      'deliveries per CPU-s',
      'p50 ms',
      'p99 ms',
      'p99.9 ms',
      'max ms',
      'ack p99 ms',
      'events/write',
      'writes/s each',
      'write calls a delivery',
      'lost',
      'dup.',
      'disord.',
      'generator cores',
      'other cores',
    ],
    rows: rows.map(({ name, measured: m }) => [
      name,
      number(m.acknowledgedPerSecond),
      number(m.deliveriesPerSecond),
      m.serverCores.toFixed(2),
      number(m.deliveriesPerCpuSecond),
      ...delays(m.delivery),
      millis(m.acknowledgement.p99),
      m.eventsPerFrame.toFixed(1),
      number(m.writesPerConnection),
      m.writeCalls === null ? '–' : (m.writeCalls / Math.max(1, m.deliveriesPerSecond * m.seconds)).toFixed(2),
      String(m.verdict.lost),
      String(m.verdict.duplicated),
      String(m.verdict.outOfOrder),
      m.generatorCores.toFixed(2),
      m.otherCores.toFixed(2),
    ]),
  }
}
