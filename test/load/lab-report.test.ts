import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Chart, Experiment, Row } from '../../load/lab/experiment.ts'
import { htmlReport } from '../../load/lab/html.ts'
import { markdownReport } from '../../load/lab/markdown.ts'
import { Findings, type Report } from '../../load/lab/results.ts'
import { linear, logarithmic } from '../../load/lab/scale.ts'
import { NOWHERE } from './nowhere.ts'

const NASTY = `<script>alert("1")</script> & 'x' | y`

function experiment(charts: Chart[]): Experiment {
  return {
    name: 'e1',
    title: `Title ${NASTY}`,
    about: `About ${NASTY}\n\n- one\n- two`,
    origin: `Origin ${NASTY}`,
    figures: [
      { key: 'users', title: `users ${NASTY}`, better: null },
      { key: 'p99', title: 'p99 ms', better: 'less', digits: 1 },
    ],
    charts,
    async *run() {},
  }
}

function row(name: string, users: number, p99: number, more: Partial<Row> = {}): Row {
  return { name, system: 'Yeoul', figures: { users, p99 }, invariants: { 'lost 0': true }, ...more }
}

function report(rows: Row[][], charts: Chart[] = []): Report {
  const findings = new Findings(experiment(charts), rows.length)
  for (const [repeat, some] of rows.entries()) for (const one of some) findings.add(repeat, one)
  return {
    command: `npm run lab -- ${NASTY}`,
    quick: false,
    repeats: rows.length,
    elapsedMs: 61_000,
    incomplete: null,
    surroundings: NOWHERE,
    findings: [findings],
  }
}

const BARS: Chart = { title: `Bars ${NASTY}`, kind: 'bars', figure: 'p99', limits: [{ at: 12, name: NASTY }] }
const LINES: Chart = { title: 'Lines', kind: 'lines', figure: 'p99', x: 'users', logarithmic: true }

test('every text of an experiment is text in the page: none becomes markup', () => {
  const nasty = { system: NASTY, remark: NASTY, claim: NASTY, notes: [NASTY] }
  const broken = { invariants: { [NASTY]: false } }
  const html = htmlReport(
    report([[row(NASTY, 100, 10, { ...nasty, ...broken }), row('void', 1, 1, { void: NASTY })]], [BARS, LINES]),
  )
  assert.ok(!html.includes('<script'), 'a script came through')
  assert.ok(html.split('&lt;script&gt;').length > 12, 'all of them are there')
  // What is in quotes stays in them: no attribute ends early.
  for (const [, attribute] of html.matchAll(/aria-label="([^"]*)"/g)) assert.ok(!attribute?.includes('<'))
})

test('the page needs nothing but itself', () => {
  const html = htmlReport(report([[row('a', 100, 10)]], [BARS, LINES]))
  assert.doesNotMatch(html, /<(script|link|img|iframe|object|use)\b|@import|url\(|\bsrc=/)
  assert.equal(html.match(/<svg viewBox/g)?.length, 2)
})

test('a row without figures shows why, in both reports', () => {
  const full = report([[row('fast', 100, 10, { void: 'the generator is full' }), row('slow', 200, 3)]], [BARS])
  for (const text of [htmlReport(full), markdownReport(full)]) {
    assert.match(text, /the generator is full/)
    assert.doesNotMatch(text, /10\.0/)
  }
})

test('a broken row is marked in both reports, with what broke', () => {
  const full = report([[row('fine', 1, 1), row('bad', 2, 2, { invariants: { 'lost 0': false, other: true } })]])
  assert.match(markdownReport(full), /BROKEN bad/)
  assert.match(markdownReport(full), /- BROKEN: bad: lost 0/)
  assert.match(htmlReport(full), /bad <span class="broken">broken<\/span>/)
  assert.match(htmlReport(full), /<b>1<\/b>|1 broken/)
})

test('figures stand as median with least and most, and what was reported elsewhere beside them', () => {
  const full = report([[row('a', 100, 10, { claim: '314 s' })], [row('a', 100, 30)], [row('a', 100, 11)]])
  assert.match(markdownReport(full), /\| a\s+\|\s+100 \|\s+11\.0 \(10\.0–30\.0\) \|\s+314 s \|/)
  assert.match(htmlReport(full), /<td>11\.0<small>10\.0–30\.0<\/small><\/td><td class="words">314 s<\/td>/)
})

test('a chart of a figure that there is not is a mistake that is told', () => {
  const chart: Chart = { title: 'Wrong', kind: 'bars', figure: 'p98' }
  assert.throws(() => htmlReport(report([[row('a', 1, 1)]], [chart])), /"Wrong" is of p98, which is no figure/)
})

test('axes begin and end at round values around all figures', () => {
  const up = linear(870, 0, 100)
  assert.deepEqual(up.ticks, [0, 250, 500, 750, 1_000])
  assert.equal(up.at(500), 50)
  assert.deepEqual(linear(0.3, 0, 100).ticks, [0, 0.1, 0.2, 0.3])
  assert.deepEqual(logarithmic([100, 5_000], 0, 100).ticks, [100, 200, 500, 1_000, 2_000, 5_000])
  const wide = logarithmic([3, 90_000], 0, 100)
  assert.deepEqual(wide.ticks, [10, 100, 1_000, 10_000, 100_000])
  assert.equal(wide.at(0), 0, 'what is not positive lies at the end')
  assert.ok(wide.at(3) > 0 && wide.at(90_000) < 100)
  assert.equal(logarithmic([], 0, 100).ticks.length, 4, 'nothing to show is no error')
})
