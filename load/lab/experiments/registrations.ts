import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { startPostgres } from '../../../deploy/local/postgres.ts'
import { databaseFile } from '../../../src/config.ts'
import { Fleet } from '../../generator/fleet.ts'
import type { HttpRequest } from '../../generator/http-client.ts'
import type { Pace } from '../../generator/http-load.ts'
import { type HttpMeasurement, measureHttp } from '../../measure/http-measure.ts'
import { generatorFull } from '../../measure/measure.ts'
import { treeCpuSeconds } from '../../measure/processes.ts'
import { Yeoul } from '../../servers/yeoul-server.ts'
import type { Experiment, Lab, Row } from '../experiment.ts'

/** What the origin of this test reached, a second. */
const THEIRS = 404
/** An argon2 hash takes some 14 ms of a core: two cores that also do the asking hold about so many a second. */
const WITH_HASH = 50
const API_KEY = 'the key of the service that vouches for its users'

export const registrations: Experiment = {
  name: 's3',
  title: 'Registrations',
  about:
    'Accounts are made over HTTP, each with its first login (a signed access token and a stored refresh token), by one server on ' +
    'SQLite and on PostgreSQL, both synced to the disk. “With argon2” is `POST /auth/register` as shipped: Argon2id with 19 MiB and 2 ' +
    'passes, about 14 ms of a core, which is what makes a stolen database worthless, and what bounds this figure on two cores. “No ' +
    'password” is `POST /auth/tokens`, the way for a service that has users of its own: its API key vouches for a person, whose ' +
    'account is made at the first call. An open loop asks at a fixed rate and counts delays from the time a request was due; a closed ' +
    'loop has so many requests under way, each followed by the next, and shows the highest rate. CPU is that of the server and of ' +
    'PostgreSQL, from /proc. Rate limits are off. Afterwards the database must hold each account that was answered for, once, and no ' +
    'other.',
  origin:
    'A registration saga over several services: 404 a second, first byte after 456 ms in the mean, 1,131 ms at p99.',
  figures: [
    { key: 'perSecond', title: 'registrations/s', better: 'more' },
    { key: 'firstMean', title: 'first byte mean ms', better: 'less', digits: 1 },
    { key: 'firstP50', title: 'p50 ms', better: 'less', digits: 1 },
    { key: 'firstP95', title: 'p95 ms', better: 'less', digits: 1 },
    { key: 'firstP99', title: 'p99 ms', better: 'less', digits: 1 },
    { key: 'firstMax', title: 'max ms', better: 'less', digits: 1 },
    { key: 'errors', title: 'errors', better: 'less' },
    { key: 'cpuMs', title: 'CPU ms each', better: 'less', digits: 2 },
    { key: 'generatorCores', title: 'generator cores', better: null, digits: 2 },
  ],
  charts: [
    { title: 'Registrations a second', kind: 'bars', figure: 'perSecond', limits: [{ at: THEIRS, name: 'theirs' }] },
    { title: 'Time to first byte, p99 in ms', kind: 'bars', figure: 'firstP99', logarithmic: true },
  ],
  async *run(lab) {
    const generator = Fleet.idle(1)
    try {
      for (const start of [startOnSqlite, startOnPostgres]) {
        lab.step('starting a server')
        const server = await start()
        try {
          yield* rowsOf(server, generator, lab)
        } finally {
          await server.stop()
        }
      }
    } finally {
      await generator.close()
    }
  },
}

/** A server with a database that can be looked into. */
interface Registry {
  readonly name: string
  readonly port: number
  readonly cpuSeconds: number
  /** User names, or external ids where they have one, that begin so. */
  namesFrom(prefix: string): Promise<string[]>
  stop(): Promise<void>
}

async function startOnSqlite(): Promise<Registry> {
  const yeoul = await Yeoul.start(0, { YEOUL_API_KEY: API_KEY })
  return {
    name: 'SQLite',
    port: yeoul.server.target.port,
    get cpuSeconds() {
      return yeoul.server.cpuSeconds
    },
    async namesFrom(prefix) {
      const db = new DatabaseSync(databaseFile({ dataDir: yeoul.folder }), { readOnly: true })
      try {
        const rows = db.prepare(NAMES.replaceAll('$1', '?1')).all(prefix) as { name: string }[]
        return rows.map(({ name }) => name)
      } finally {
        db.close()
      }
    },
    stop: () => yeoul.stop(),
  }
}

async function startOnPostgres(): Promise<Registry> {
  const postgres = await startPostgres()
  try {
    const yeoul = await Yeoul.start(0, { YEOUL_API_KEY: API_KEY, YEOUL_DATABASE_URL: postgres.url })
    return {
      name: 'PostgreSQL',
      port: yeoul.server.target.port,
      get cpuSeconds() {
        return yeoul.server.cpuSeconds + treeCpuSeconds(postgres.pid)
      },
      async namesFrom(prefix) {
        const client = new pg.Client({ connectionString: postgres.url })
        await client.connect()
        try {
          const { rows } = await client.query<{ name: string }>(NAMES, [prefix])
          return rows.map(({ name }) => name)
        } finally {
          await client.end()
        }
      },
      async stop() {
        await yeoul.stop()
        await postgres.stop()
      },
    }
  } catch (error) {
    await postgres.stop()
    throw error
  }
}

const NAMES = `
  SELECT coalesce(external_id, username) AS name FROM users
  WHERE substr(username, 1, length($1)) = $1 OR substr(external_id, 1, length($1)) = $1`

interface Way {
  name: string
  /** Registrations a second that hold, beside the generator. */
  rate: number
  /** A second, at most, in a closed loop: so many requests are made ready. */
  most: number
  request(name: string): Omit<HttpRequest, 'port'>
}

const WAYS: Way[] = [
  {
    name: 'with argon2',
    rate: WITH_HASH,
    most: 300,
    request: (username) => ({
      method: 'POST',
      path: '/api/v1/auth/register',
      body: { username, password: 'a password of some length' },
    }),
  },
  {
    name: 'no password',
    rate: THEIRS,
    most: 5_000,
    request: (externalId) => ({ method: 'POST', path: '/api/v1/auth/tokens', token: API_KEY, body: { externalId } }),
  },
]

async function* rowsOf(server: Registry, generator: Fleet, lab: Lab): AsyncGenerator<Row> {
  const warmUpSeconds = lab.quick ? 0.2 : 1
  const seconds = warmUpSeconds + (lab.quick ? 0.6 : 4)
  for (const [w, way] of WAYS.entries()) {
    const all: [string, Pace][] = [
      [`${way.rate}/s`, { kind: 'spaced', perSecond: way.rate }],
      ['16 at a time', { kind: 'together', count: 16, seconds }],
      ['64 at a time', { kind: 'together', count: 64, seconds }],
    ]
    // A quick run has the first way at a fixed rate, the second in a closed loop.
    const paces = lab.quick ? all.slice(w, w + 1) : all
    for (const [p, [told, pace]] of paces.entries()) {
      const name = `${server.name}, ${way.name}, ${told}`
      lab.step(name)
      const prefix = `u${w}${p}-`
      const most = pace.kind === 'spaced' ? pace.perSecond : way.most
      const names = Array.from({ length: Math.ceil(most * seconds) }, (_, i) => `${prefix}${i}`)
      const measured = await measureHttp(server, generator, {
        host: '127.0.0.1',
        requests: names.map((one) => ({ port: server.port, ...way.request(one) })),
        pace,
        warmUpSeconds,
      })
      yield rowOf(name, `Yeoul, ${server.name}`, names, measured, await server.namesFrom(prefix))
    }
  }
}

function rowOf(name: string, system: string, names: string[], measured: HttpMeasurement, found: string[]): Row {
  const asked = measured.outcomes.filter((outcome) => outcome !== null).length
  const made = names.filter((_, i) => /^2/.test(measured.outcomes[i] ?? ''))
  const { firstByte } = measured
  const errors = Object.entries(measured.counts).filter(([outcome]) => !/^2/.test(outcome))
  return {
    name,
    system,
    claim: '404/s; mean 456 ms, p99 1,131 ms',
    figures: {
      perSecond: measured.perSecond,
      firstMean: firstByte.mean,
      firstP50: firstByte.p50,
      firstP95: firstByte.p95,
      firstP99: firstByte.p99,
      firstMax: firstByte.max,
      errors: asked - made.length,
      cpuMs: (1_000 * measured.serverCpuSeconds) / Math.max(1, asked),
      generatorCores: measured.busiestGenerator,
    },
    invariants: {
      'every registration succeeded': asked > 0 && made.length === asked,
      'the database holds each account that was answered for, once, and no other':
        JSON.stringify(found.toSorted()) === JSON.stringify(made.toSorted()),
    },
    void: generatorFull(measured),
    ...(errors.length > 0 && { notes: errors.map(([outcome, times]) => `${name}: ${times} × ${outcome}`) }),
  }
}
