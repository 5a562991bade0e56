import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { migrate } from '../../src/adapters/sql/sqlite/migrate.ts'
import { openSqlite } from '../../src/adapters/sql/sqlite/sqlite.ts'
import { databaseFile } from '../../src/config.ts'
import { dataFolder, exited, removeFolder, startChild } from '../measure/processes.ts'
import { createRoom, headOf, newPeople, type Person } from './people.ts'
import { Server } from './server.ts'

/** What the tokens of a server without a public address name as their issuer. */
const ISSUER = 'yeoul'
const MAIN = join(import.meta.dirname, '../../src/main.ts')

/**
 * A Yeoul with its data on a real disk and its users made beforehand, as rows written before the start.
 */
export class Yeoul {
  readonly people: Person[]
  readonly folder: string
  readonly #environment: NodeJS.ProcessEnv
  #server: Server

  private constructor(server: Server, people: Person[], folder: string, environment: NodeJS.ProcessEnv) {
    this.#server = server
    this.people = people
    this.folder = folder
    this.#environment = environment
  }

  /** `environment`: options of the server besides those that a load test needs. */
  static async start(people: number, environment: NodeJS.ProcessEnv = {}): Promise<Yeoul> {
    const folder = dataFolder()
    const secret = randomBytes(32).toString('base64url')
    const made = await newPeople(people, { secret, issuer: ISSUER })
    await writeUsers(databaseFile({ dataDir: folder }), made)
    const all = {
      YEOUL_HOST: '127.0.0.1',
      YEOUL_PORT: '0',
      YEOUL_DATA_DIR: folder,
      YEOUL_RATE_LIMIT: 'off',
      YEOUL_JWT_SECRET: secret,
      YEOUL_LOG_LEVEL: 'error',
      ...environment,
    }
    return new Yeoul(await Server.start('yeoul', [MAIN, 'start'], all), made, folder, all)
  }

  get server(): Server {
    return this.#server
  }

  /** Stops the server, lets `work` have the database, and starts it again. */
  async whileStopped(work: (database: string) => void | Promise<void>): Promise<void> {
    await this.#server.stop()
    await work(databaseFile({ dataDir: this.folder }))
    this.#server = await Server.start('yeoul', [MAIN, 'start'], this.#environment)
  }

  /** Ends the server, by SIGTERM in good order or by SIGKILL as a crash does, and starts it again on its port. Its data stays. */
  async restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const { port } = this.#server.target
    await this.#server.stop(signal)
    this.#server = await Server.start('yeoul', [MAIN, 'start'], { ...this.#environment, YEOUL_PORT: String(port) })
  }

  /** What `yeoul verify` says of the data; the server is stopped for it. */
  async verify(): Promise<{ sound: boolean; output: string }> {
    await this.#server.stop()
    const child = startChild([MAIN, 'verify'], { env: this.#environment })
    let output = ''
    child.stdout?.on('data', (text: Buffer) => {
      output += text
    })
    child.stderr?.on('data', (text: Buffer) => {
      output += text
    })
    await exited(child, 120_000)
    return { sound: child.exitCode === 0, output: output.trim() }
  }

  /** A group room of these people, the first of them its owner. Answers its id. */
  createRoom(title: string, members: Person[]): Promise<string> {
    return createRoom(this.server.url, title, members)
  }

  /** The highest seq of a room. */
  head(person: Person, room: string): Promise<number> {
    return headOf(this.server.url, person, room)
  }

  /** The counters of `/metrics` as they stand. */
  async metrics(): Promise<Metrics> {
    const response = await fetch(`${this.server.url}/metrics`)
    if (!response.ok) throw new Error(`/metrics: ${response.status}`)
    return new Metrics(await response.text())
  }

  async stop(): Promise<void> {
    await this.#server.stop()
    removeFolder(this.folder)
  }
}

/** One reading of Prometheus' text format. */
export class Metrics {
  readonly #values = new Map<string, number>()

  constructor(text: string) {
    for (const line of text.split('\n')) {
      if (line === '' || line.startsWith('#')) continue
      const space = line.lastIndexOf(' ')
      this.#values.set(line.slice(0, space), Number(line.slice(space + 1)))
    }
  }

  /** The sum over all series of a name whose labels contain `label`. */
  sum(name: string, label = ''): number {
    let total = 0
    for (const [series, value] of this.#values) {
      if ((series === name || series.startsWith(`${name}{`)) && series.includes(label)) total += value
    }
    return total
  }

  /** How much the sum grew since an earlier reading. NaN when the server has no such series: nothing is taken for zero. */
  growth(since: Metrics, name: string, label = ''): number {
    const known = [...this.#values.keys()].some((series) => series === name || series.startsWith(`${name}{`))
    return known ? this.sum(name, label) - since.sum(name, label) : Number.NaN
  }
}

/** Users as rows, in one transaction: ten thousand of them take less than a second. */
async function writeUsers(path: string, people: Person[]): Promise<void> {
  const { raw, db } = openSqlite({ path, readOnly: false, cacheKiB: 16_384 })
  migrate(raw)
  raw.exec('BEGIN')
  for (let i = 0; i < people.length; i += 500) {
    const rows = people.slice(i, i + 500).map(({ id }, k) => ({
      id,
      username: `load-${i + k}`,
      display_name: `Load ${i + k}`,
      password_hash: '',
      role: 'user' as const,
      disabled: 0,
      external_id: null,
      created_at: Date.now(),
    }))
    await db.insertInto('users').values(rows).execute()
  }
  raw.exec('COMMIT')
  raw.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  await db.destroy()
}
