import { writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { machine } from './measure/processes.ts'
import { renderTable } from './measure/report.ts'
import { clusterRedis, clusterSql } from './scenarios/cluster.ts'
import { clusterCosts } from './scenarios/cluster-costs.ts'
import { floor } from './scenarios/floor.ts'
import { history } from './scenarios/history.ts'
import { hotRoom } from './scenarios/hot-room.ts'
import { idle } from './scenarios/idle.ts'
import { ingest } from './scenarios/ingest.ts'
import { page } from './scenarios/page.ts'
import { reconnect } from './scenarios/reconnect.ts'
import { rooms } from './scenarios/rooms.ts'
import type { Options, Outcome, Scenario } from './scenarios/scenario.ts'
import { sparse } from './scenarios/sparse.ts'

/**
 * `npm run bench` runs every scenario of one process in its quick form, `npm run bench -- --cluster` those of a cluster;
 * `npm run bench -- hot-room --members 500` one, with options; `--full` measures longer; `--json FILE` keeps everything.
 * Fails when an invariant does not hold.
 */
const SCENARIOS: Scenario[] = [
  floor,
  hotRoom,
  sparse,
  rooms,
  ingest,
  idle,
  reconnect,
  history,
  page,
  clusterSql,
  clusterRedis,
  clusterCosts,
]

const given = process.argv.slice(2)
const wanted = SCENARIOS.filter(({ name }) => given.includes(name))
const onCluster = given.includes('--cluster')
const chosen = wanted.length > 0 ? wanted : SCENARIOS.filter(({ cluster = false }) => cluster === onCluster)
const names = new Set(chosen.flatMap((scenario) => Object.keys(scenario.options)))
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: 'boolean', default: false },
    cluster: { type: 'boolean', default: false },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
    ...Object.fromEntries([...names].map((name) => [name, { type: 'string' as const }])),
  },
})
const unknown = positionals.find((name) => !SCENARIOS.some((scenario) => scenario.name === name))
if (unknown !== undefined)
  throw new Error(`no scenario ${unknown}; there are ${SCENARIOS.map((s) => s.name).join(', ')}`)
if (values.help) help()
else await runAll()

function help(): void {
  console.log('npm run bench -- [scenario …] [--cluster] [--full] [--json FILE] [--option NUMBER …]\n')
  for (const scenario of SCENARIOS) {
    console.log(`${scenario.name}: ${scenario.about}`)
    for (const [name, option] of Object.entries(scenario.options)) {
      console.log(`  --${name.padEnd(12)} ${option.about} (${option.quick}${fullHint(option)})`)
    }
  }
}

function fullHint(option: { quick: number; full: number }): string {
  return option.full === option.quick ? '' : `, full: ${option.full}`
}

function optionsOf(scenario: Scenario): Options {
  const options: Options = {}
  for (const [name, { quick, full }] of Object.entries(scenario.options)) {
    const given = (values as Record<string, string | boolean | undefined>)[name]
    options[name] = given === undefined ? (values.full ? full : quick) : Number(given)
    if (!Number.isFinite(options[name])) throw new Error(`--${name} must be a number, not ${given}`)
  }
  return options
}

/** A scenario that cannot be run to its end is reported like a broken invariant, and the others go on. */
async function outcomeOf(scenario: Scenario, options: Options): Promise<Outcome> {
  try {
    return await scenario.run(options)
  } catch (error) {
    const { stack, message } = error as Error
    return { tables: [], invariants: { [message]: false }, notes: [stack ?? message], data: { error: message } }
  }
}

async function runAll(): Promise<void> {
  const facts = machine()
  console.log(
    `${facts.cores} cores of ${facts.cpu}, ${facts.memoryGiB} GiB, Linux ${facts.kernel}, Node ${facts.node}, ` +
      `data on ${facts.disk}, load average ${facts.load.toFixed(2)} at the start\n`,
  )
  const results: Record<string, unknown>[] = []
  const broken: string[] = []
  for (const scenario of chosen) {
    const options = optionsOf(scenario)
    const load = loadavg()[0]
    console.log(`${scenario.name}: ${scenario.about}`)
    const outcome = await outcomeOf(scenario, options)
    for (const table of outcome.tables) console.log(`\n${renderTable(table)}`)
    for (const note of outcome.notes) console.log(`\n${note}`)
    const failed = Object.entries(outcome.invariants).flatMap(([what, holds]) => (holds ? [] : [what]))
    console.log(
      `\n${Object.keys(outcome.invariants).length - failed.length} invariants hold, ${failed.length} are broken`,
    )
    for (const what of failed) console.log(`  BROKEN ${scenario.name}: ${what}`)
    console.log('')
    broken.push(...failed)
    results.push({ scenario: scenario.name, options, load, invariants: outcome.invariants, ...outcome.data })
  }
  if (typeof values.json === 'string') {
    writeFileSync(
      values.json,
      `${JSON.stringify({ at: new Date().toISOString(), machine: facts, results }, null, 2)}\n`,
    )
  }
  process.exitCode = broken.length > 0 ? 1 : 0
}
