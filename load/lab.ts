/**
 * The load lab: `npm run lab` measures every comparison on this machine, a few times each, and writes docs/lab/report.html.
 * `npm run lab -- --quick` shows in two minutes that all of it works. Fails when an invariant does not hold.
 */
import { join } from 'node:path'
import { type LabArguments, labArguments } from './lab/arguments.ts'
import { EXPERIMENTS } from './lab/registry.ts'
import { runLab } from './lab/run.ts'
import { type Surroundings, surroundings } from './lab/surroundings.ts'

const USAGE = `npm run lab -- [experiment …] [--quick] [--repeats N] [--out DIR]

Measures every experiment, or those that are named, and prints what came of it. A whole run that is not quick writes the
report to docs/lab; others write it when --out says where.

  --quick       small loads, one repeat: shows that everything works
  --repeats N   how often each is measured: 3, quick 1
  --out DIR     writes report.html, report.md and report.json to this folder
`

// It starts many processes on the same sources: with a cache of what was compiled each takes half the time to start.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '../node_modules/.cache/yeoul-lab')

const given = process.argv.slice(2)
const wanted = orExit(
  () =>
    labArguments(
      given,
      EXPERIMENTS.map(({ name }) => name),
    ),
  2,
)
if (wanted.help) help()
else await run(wanted, orExit(surroundings, 1))

function help(): void {
  console.log(USAGE)
  for (const { name, title } of EXPERIMENTS) console.log(`  ${name.padEnd(6)} ${title}`)
}

async function run({ names, quick, repeats, out }: LabArguments, where: Surroundings): Promise<never> {
  const code = await runLab({
    experiments: EXPERIMENTS.filter(({ name }) => names.includes(name)),
    quick,
    repeats,
    out,
    command: ['npm run lab', ...(given.length > 0 ? ['--', ...given] : [])].join(' '),
    surroundings: where,
  })
  // Whatever an experiment has left behind ends here.
  process.exit(code)
}

/** What is wrong with the command or the machine is told in one line. */
function orExit<T>(work: () => T, code: number): T {
  try {
    return work()
  } catch (error) {
    console.error((error as Error).message)
    process.exit(code)
  }
}
