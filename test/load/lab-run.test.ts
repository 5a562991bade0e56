import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

const folder = mkdtempSync(join(tmpdir(), 'yeoul-lab-test-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** A lab of three experiments, whose second one does what is said. */
function lab(second: string): { child: ChildProcess; out: string; output: () => string } {
  const out = join(folder, second)
  const child = spawn(process.execPath, [join(import.meta.dirname, 'small-lab.ts'), out, second])
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => {
      output += text
    })
  }
  return { child, out, output: () => output }
}

async function seen(output: () => string, wanted: RegExp): Promise<RegExpExecArray> {
  for (;;) {
    const found = wanted.exec(output())
    if (found !== null) return found
    await sleep(20)
  }
}

/** One that ended and that nobody has asked about yet does not run. */
function runs(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}

function reportIn(out: string) {
  return JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')) as {
    incomplete: string | null
    experiments: { name: string; failures: string[]; results: { name: string; figures: { value: object } }[] }[]
  }
}

test('an experiment that throws is told like a broken invariant, keeps its rows, and the others go on', async () => {
  const { child, out, output } = lab('fails')
  assert.deepEqual(await once(child, 'close'), [1, null], output())
  const { experiments, incomplete } = reportIn(out)
  assert.equal(incomplete, null)
  assert.deepEqual(
    experiments.map(({ name, results }) => [name, results.map((result) => result.name)]),
    [
      ['first', ['one', 'two']],
      ['second', ['before it failed']],
      ['third', ['one', 'two']],
    ],
  )
  assert.equal(experiments[1]?.failures.length, 2, 'each repeat is tried')
  assert.match(output(), /BROKEN second: repeat 2: ended early: no server came up/)
})

test('an error that nobody catches ends the run, and what is done is told', async () => {
  const { child, out, output } = lab('crashes')
  assert.deepEqual(await once(child, 'close'), [1, null], output())
  assert.match(output(), /BROKEN second: repeat 1: ended early: nobody catches this/)
  assert.equal(reportIn(out).incomplete, 'an error ended it')
  assert.equal(reportIn(out).experiments[1]?.results[0]?.name, 'before it crashed')
})

test('a broken invariant fails the run and is named with its experiment, row and repeat', async () => {
  const { child, output } = lab('breaks')
  assert.deepEqual(await once(child, 'close'), [1, null], output())
  assert.match(output(), /BROKEN second: loses one: repeat 1: lost 0/)
})

test('Ctrl-C tells what is done, marks the report as incomplete, and leaves no process and no folder', async () => {
  const { child, out, output } = lab('waits')
  const [, pid, data] = await seen(output, /started (\d+) with (\S+)/)
  assert.ok(existsSync(data!))
  child.kill('SIGINT')
  assert.deepEqual(await once(child, 'close'), [130, null], output())
  assert.match(output(), /before it waited/)
  assert.match(output(), /Incomplete: it was interrupted/)
  const { experiments, incomplete } = reportIn(out)
  assert.equal(incomplete, 'it was interrupted')
  assert.deepEqual(experiments[0]?.results[0]?.figures.value, { median: 1.5, min: 1, max: 2 })
  assert.equal(experiments[1]?.results[0]?.name, 'before it waited')
  assert.equal(experiments.length, 2, 'the third had not begun')
  assert.match(readFileSync(join(out, 'report.md'), 'utf8'), /\*\*Incomplete: it was interrupted/)
  for (let i = 0; i < 50 && runs(Number(pid)); i++) await sleep(20)
  assert.ok(!runs(Number(pid)), 'the program that was started is gone')
  assert.ok(!existsSync(data!), 'its folder is gone')
})
