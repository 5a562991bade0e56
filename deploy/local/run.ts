/** `npm run cluster`: a whole cluster on this machine, without containers, until Ctrl-C. */
import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Cluster, type Part, startCluster } from './cluster.ts'

const HELP = `npm run cluster -- [--option value …]

  --gateways N   nodes that hold WebSocket connections (3)
  --workers N    nodes that write back and clean up (2)
  --apis N       nodes that answer HTTP (1)
  --log LOG      sql: a message is acknowledged out of PostgreSQL; redis: out of Redis, workers write it back (sql)
  --port N       where nginx listens; 0 takes a free one (8080)
  --data FOLDER  keeps the data there; without it, it goes at the end

YEOUL_… variables go to every node; \`npm run yeoul -- config\` lists them. PostgreSQL, Redis and nginx are Debian's: what is
missing is installed when this runs as root on Debian; otherwise it says what to install.`

/** Under npm, Ctrl+C comes twice: from the terminal, and passed on by npm. */
const SAME_SIGNAL_MS = 300
const NODES_MAX = 50

try {
  const values = options()
  if (values.help) console.log(HELP)
  else await run(values)
} catch (error) {
  console.error(`cluster: ${(error as Error).message}`)
  process.exit(1)
}

function options() {
  return parseArgs({
    options: {
      gateways: { type: 'string', default: '3' },
      workers: { type: 'string', default: '2' },
      apis: { type: 'string', default: '1' },
      log: { type: 'string', default: 'sql' },
      port: { type: 'string', default: '8080' },
      data: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  }).values
}

async function run(values: ReturnType<typeof options>): Promise<void> {
  const { log, data } = values
  if (log !== 'sql' && log !== 'redis') throw new Error(`--log must be sql or redis, not ${log}`)
  const port = whole('port', values.port, 0, 65_535)
  if (port !== 0) await mustBeFree(port)
  const own = Object.entries(process.env).filter(([name]) => name.startsWith('YEOUL_'))
  let stop: () => void = () => process.exit(130)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop())
  const cluster = await startCluster({
    gateways: whole('gateways', values.gateways, 1, NODES_MAX),
    workers: whole('workers', values.workers, 1, NODES_MAX),
    apis: whole('apis', values.apis, 1, NODES_MAX),
    log,
    ...(port !== 0 && { port }),
    ...(data !== undefined && { folder: resolve(data) }),
    env: Object.fromEntries(own) as Record<string, string>,
    ready: (part) => console.log(lineOf(part)),
    died: (part) => console.log(`${part.name} (pid ${part.pid}) has died; the others go on. Its log: ${part.log}`),
  })
  // The interval keeps the process alive: all parts are detached from it.
  const alive = setInterval(() => {}, 60_000)
  stop = stopper(cluster, () => clearInterval(alive))
  greet(cluster, data !== undefined)
}

function lineOf({ name, url, pid }: Part): string {
  return `  ${name.padEnd(11)} ready, pid ${String(pid).padEnd(8)}${url}`
}

function greet(cluster: Cluster, kept: boolean): void {
  console.log(`\nYeoul is ready at ${cluster.url}`)
  console.log(
    `Logs are in ${cluster.folder}${kept ? ', beside the data; both stay.' : '; they go at the end, as the data do.'}`,
  )
  if (cluster.setupUrl !== null) {
    console.log('\nThere is no admin yet. Make that account with this link; it works once:')
    console.log(`  ${cluster.setupUrl}`)
  }
  console.log('To stop it: Ctrl+C.')
}

/** The first signal drains the nodes and then ends everything, the second does not wait for the drain. */
function stopper(cluster: Cluster, stopped: () => void): () => void {
  let since: number | null = null
  return () => {
    if (since !== null) {
      if (performance.now() - since > SAME_SIGNAL_MS) process.exit(1)
      return
    }
    since = performance.now()
    console.log('\nThe cluster is stopping; once more to force it.')
    cluster.stop({ drain: true }).then(() => {
      console.log('The cluster has stopped.')
      stopped()
    })
  }
}

function whole(name: string, text: string, least: number, most: number): number {
  const number = Number(text)
  if (/^\d{1,5}$/.test(text) && number >= least && number <= most) return number
  throw new Error(`--${name} must be a whole number from ${least} to ${most}, not ${text}`)
}

/** Asked first: nginx is started last, and would say so only then. */
async function mustBeFree(port: number): Promise<void> {
  const server = createServer()
  await new Promise<void>((done, failed) => {
    server.once('error', () =>
      failed(new Error(`port ${port} is taken; choose another one: --port 8081, or 0 for a free one`)),
    )
    server.listen(port, '127.0.0.1', () => server.close(() => done()))
  })
}
