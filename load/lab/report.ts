import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { htmlReport } from './html.ts'
import { markdownReport } from './markdown.ts'
import type { Report } from './results.ts'

/** Writes `report.html`, `report.md` and `report.json` to a folder, which is made where it is missing. */
export function writeReport(folder: string, report: Report): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'report.html'), htmlReport(report))
  writeFileSync(join(folder, 'report.md'), markdownReport(report))
  writeFileSync(join(folder, 'report.json'), `${JSON.stringify(reportData(report), null, 1)}\n`)
}

/** All that was measured: the rows of each repeat as they came, and what was made of them. */
function reportData({ findings, ...rest }: Report): object {
  return {
    ...rest,
    experiments: findings.map(({ experiment, results, repeats, failures }) => {
      const { run, ...described } = experiment
      return { ...described, results, failures, rows: repeats }
    }),
  }
}
