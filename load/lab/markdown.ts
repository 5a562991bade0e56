import { renderTable, type Table } from '../measure/report.ts'
import { cellText, filled } from './cells.ts'
import { clock } from './progress.ts'
import type { Findings, Report } from './results.ts'

/** The report as a page of Markdown. */
export function markdownReport(report: Report): string {
  const { findings, surroundings } = report
  return `${[
    '# The load lab: report',
    ...incompleteNote(report),
    `${surroundings.at.slice(0, 16).replace('T', ' ')} UTC, \`${report.command}\`, ${clock(report.elapsedMs)} minutes in all. ` +
      `Figures are medians of ${report.repeats} repeats with (least–most). [How to read this](README.md).`,
    verdict(findings),
    renderTable(overview(findings)),
    ...findings.flatMap(chapter),
    '## Where it ran',
    machineLine(report),
    Object.entries(surroundings.versions)
      .map(([name, version]) => `- ${name} ${version}`)
      .join('\n'),
  ].join('\n\n')}\n`
}

function incompleteNote({ incomplete }: Report): string[] {
  return incomplete === null ? [] : [`**Incomplete: ${incomplete}. What follows is what was done by then.**`]
}

function chapter(one: Findings): string[] {
  const { title, name, about, origin } = one.experiment
  return [
    `## ${name}: ${title}`,
    about.trim(),
    ...(origin === null ? [] : [`*What they found:* ${origin}`]),
    ...(one.results.length === 0 ? [] : [renderTable(resultTable(one, true))]),
    ...brokenLines(one),
    ...notesOf(one),
  ]
}

/** What an experiment brought, to be read in a terminal: what would make rows too long stands below them. */
export function terminalSummary(one: Findings): string {
  const remarks = new Set(
    one.results.flatMap(({ system, remark }) => (remark === null ? [] : [`- ${system}: ${remark}`])),
  )
  return [
    ...(one.results.length === 0 ? [] : [renderTable(resultTable(one, false))]),
    ...(remarks.size === 0 ? [] : [[...remarks].join('\n')]),
    ...brokenLines(one),
    ...notesOf(one),
    `${one.checked - brokenRows(one)} invariants hold, ${one.broken.length} broken`,
  ].join('\n\n')
}

function brokenRows(one: Findings): number {
  return one.broken.length - one.failures.length
}

/** In a sentence: whether everything held. */
export function verdict(findings: Findings[]): string {
  const checked = findings.reduce((sum, one) => sum + one.checked, 0)
  const broken = findings.flatMap((one) => one.broken)
  if (checked + broken.length === 0) return 'Nothing was measured.'
  if (broken.length === 0) return `All ${checked} invariants hold: each system keeps what it promises.`
  return `**${broken.length} broken**, of ${checked} invariants and ${findings.length} experiments.`
}

function overview(findings: Findings[]): Table {
  return {
    title: '',
    columns: ['experiment', 'what they found', 'rows', 'invariants', 'broken'],
    rows: findings.map((one) => [
      `${one.experiment.name}: ${one.experiment.title}`,
      one.experiment.origin ?? 'a test of ours',
      String(one.results.length),
      String(one.checked),
      String(one.broken.length),
    ]),
  }
}

/** With what a system does not do in the row itself, or without. */
function resultTable({ experiment, results }: Findings, remarks: boolean): Table {
  const figures = filled(experiment.figures, results)
  const claims = results.some(({ claim }) => claim !== null)
  const remarked = remarks && results.some(({ remark }) => remark !== null)
  return {
    title: '',
    columns: [
      '',
      ...figures.map(({ title }) => title),
      ...(claims ? ['they found'] : []),
      ...(remarked ? ['remark'] : []),
    ],
    rows: results.map((result) => [
      `${result.broken.length > 0 ? 'BROKEN ' : ''}${result.name}`,
      ...(result.void === null
        ? figures.map((figure) => cellText(result.figures[figure.key], figure))
        : figures.map((_, i) => (i === 0 ? 'no figure' : ''))),
      ...(claims ? [result.claim ?? ''] : []),
      ...(remarked ? [result.remark ?? ''] : []),
    ]),
  }
}

function brokenLines(one: Findings): string[] {
  return one.broken.length === 0 ? [] : [one.broken.map((what) => `- BROKEN: ${what}`).join('\n')]
}

function notesOf({ results }: Findings): string[] {
  const notes = results.flatMap(({ name, notes, void: why }) =>
    [...(why === null ? [] : [`no figure: ${why}`]), ...notes].map((note) => `- ${name}: ${note}`),
  )
  return notes.length === 0 ? [] : [notes.join('\n')]
}

/** The machine, in a line. */
export function machineLine({ surroundings: { machine } }: Report): string {
  return (
    `${machine.cores} cores of ${machine.cpu}, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, data on ${machine.disk}; ` +
    `load average ${machine.load.toFixed(2)} at the start.`
  )
}
