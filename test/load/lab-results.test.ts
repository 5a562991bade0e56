import assert from 'node:assert/strict'
import { test } from 'node:test'
import { labArguments } from '../../load/lab/arguments.ts'
import type { Experiment, Row } from '../../load/lab/experiment.ts'
import { Findings, spread } from '../../load/lab/results.ts'

const EXPERIMENT: Experiment = {
  name: 'e1',
  title: '',
  about: '',
  origin: null,
  figures: [],
  charts: [],
  async *run() {},
}

function row(name: string, figures: Record<string, number>, more: Partial<Row> = {}): Row {
  return { name, system: 'Yeoul', figures, invariants: { 'lost 0': true }, ...more }
}

function found(...repeats: Row[][]): Findings {
  const findings = new Findings(EXPERIMENT, repeats.length)
  for (const [repeat, rows] of repeats.entries()) for (const one of rows) findings.add(repeat, one)
  return findings
}

test('a median is the middle one, or lies between the middle two', () => {
  assert.deepEqual(spread([30, 10, 20]), { median: 20, min: 10, max: 30 })
  assert.deepEqual(spread([4, 1, 100, 2]), { median: 3, min: 1, max: 100 })
  assert.deepEqual(spread([5]), { median: 5, min: 5, max: 5 })
  assert.throws(() => spread([]))
})

test('rows with the same name are repeats of each other, each figure over those that have it', () => {
  const { results } = found([row('a', { x: 1, y: 5 }), row('b', { x: 9 })], [row('a', { x: 3 })], [row('a', { x: 2 })])
  const [a, b] = results
  assert.deepEqual(a?.figures, { x: { median: 2, min: 1, max: 3 }, y: { median: 5, min: 5, max: 5 } })
  assert.deepEqual([a?.measured, a?.notes], [3, []])
  assert.deepEqual(b?.figures, { x: { median: 9, min: 9, max: 9 } })
  assert.deepEqual([b?.measured, b?.notes], [1, ['measured 1 of 3 times']])
})

test('rows of one condition stand together, in the order in which they were first measured', () => {
  const names = ['storm: A', 'restart: A', 'storm: B', 'alone', 'restart: B']
  const { results } = found(names.map((name) => row(name, {})))
  assert.deepEqual(
    results.map(({ name }) => name),
    ['storm: A', 'storm: B', 'restart: A', 'restart: B', 'alone'],
  )
})

test('a figure that is no number is not shown as one', () => {
  const [result] = found([row('a', { x: Number.NaN, y: Number.POSITIVE_INFINITY, z: 0 })]).results
  assert.deepEqual(Object.keys(result!.figures), ['z'])
})

test('two rows of one name in one repeat are a mistake, not a repeat', () => {
  assert.throws(() => found([row('a', { x: 1 }), row('a', { x: 2 })]), /two rows are called "a"/)
})

test('figures of a void repeat are left out; where all are void the reason stands in their place', () => {
  const full = { void: 'the generator is full' }
  const { results } = found(
    [row('some', { x: 1 }, full), row('all', { x: 1 }, full)],
    [row('some', { x: 5 }), row('all', { x: 2 }, full)],
  )
  const [some, all] = results
  assert.deepEqual(some?.figures, { x: { median: 5, min: 5, max: 5 } })
  assert.equal(some?.void, null)
  assert.deepEqual(some?.notes, ['1 of 2 repeats gave no figure: the generator is full'])
  assert.deepEqual(all?.figures, {})
  assert.equal(all?.void, 'the generator is full')
})

test('one broken invariant in one repeat breaks the row, also when it is void', () => {
  const bad = { invariants: { 'lost 0': false, 'stored all': true } }
  const findings = found([row('a', {}), row('b', {}, { ...bad, void: 'full' })], [row('a', {}, bad), row('b', {})])
  assert.deepEqual(findings.broken, ['a: repeat 2: lost 0', 'b: repeat 1: lost 0'])
  assert.equal(findings.checked, 6)
})

const KNOWN = ['s0', 's1', 'drops']

test('without arguments the whole lab runs three times and writes its report', () => {
  assert.deepEqual(labArguments([], KNOWN), { help: false, names: KNOWN, quick: false, repeats: 3, out: 'docs/lab' })
})

test('a quick run and a part of the lab write nothing unless told where', () => {
  assert.deepEqual(labArguments(['--quick'], KNOWN), { help: false, names: KNOWN, quick: true, repeats: 1, out: null })
  assert.equal(labArguments(['s0'], KNOWN).out, null)
  assert.equal(labArguments(['s0', '--out', 'x'], KNOWN).out, 'x')
  assert.equal(labArguments(['--quick', '--out=x'], KNOWN).out, 'x')
})

test('named experiments run in the order of the lab, as often as asked', () => {
  const { names, repeats } = labArguments(['drops', 's0', '--repeats', '5'], KNOWN)
  assert.deepEqual(names, ['s0', 'drops'])
  assert.equal(repeats, 5)
})

for (const [given, why] of [
  [['s9'], 'no experiment s9; there are s0, s1, drops'],
  [['--fast'], 'no option --fast; there are --quick, --repeats, --out and --help'],
  [['-q'], 'no option -q; there are --quick, --repeats, --out and --help'],
  [['--repeats'], '--repeats needs a value'],
  [['--repeats', '0'], '--repeats must be a whole number from 1 to 20, not 0'],
  [['--repeats=many'], '--repeats must be a whole number from 1 to 20, not many'],
  [['--out'], '--out needs a value'],
  [['--quick=yes'], '--quick takes no value'],
] as const) {
  test(`\`${given.join(' ')}\` is refused in a line that says what there is`, () => {
    assert.throws(() => labArguments([...given], KNOWN), { message: why })
  })
}
