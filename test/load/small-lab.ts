/**
 * A lab without servers, for tests: `node small-lab.ts <folder> <what the second experiment does>`. The first one measures
 * two rows; the second one fails, leaves an error that nobody catches, breaks a promise, or starts a program and waits.
 */
import type { Experiment, Row } from '../../load/lab/experiment.ts'
import { runLab } from '../../load/lab/run.ts'
import { dataFolder, startChild } from '../../load/measure/processes.ts'
import { NOWHERE } from './nowhere.ts'

const [out = '', second = ''] = process.argv.slice(2)

function row(name: string, value: number, invariants: Record<string, boolean> = { 'lost 0': true }): Row {
  return { name, system: 'Yeoul', figures: { value }, invariants }
}

const SECOND: Record<string, () => AsyncIterable<Row>> = {
  fails: async function* () {
    yield row('before it failed', 7)
    throw new Error('no server came up')
  },
  crashes: async function* () {
    yield row('before it crashed', 7)
    setTimeout(() => {
      throw new Error('nobody catches this')
    })
    await new Promise(() => {})
  },
  breaks: async function* () {
    yield row('loses one', 8, { 'lost 0': false })
  },
  waits: async function* () {
    yield row('before it waited', 9)
    const child = startChild(['-e', 'setInterval(() => {}, 1_000)'])
    console.log(`started ${child.pid} with ${dataFolder()}`)
    await new Promise((resolve) => child.on('exit', resolve))
  },
}

function experiment(name: string, run: Experiment['run']): Experiment {
  const figures = [{ key: 'value', title: 'value', better: null }]
  return { name, title: `about ${name}`, about: 'A test.', origin: null, figures, charts: [], run }
}

const first = experiment('first', async function* ({ repeat, step }) {
  step('measures')
  yield row('one', 1 + repeat)
  yield row('two', 2)
})

process.exit(
  await runLab({
    experiments: [first, experiment('second', SECOND[second]!), experiment('third', first.run)],
    quick: true,
    repeats: 2,
    out,
    command: 'npm run lab',
    surroundings: NOWHERE,
  }),
)
