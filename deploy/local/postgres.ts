/**
 * A real PostgreSQL without a container: in a temporary folder, on a free port of this machine, for tests, benches and a
 * local cluster. It goes, with its folder, when it is stopped or when the process that started it ends, however that ends.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { freePort } from './free-port.ts'
import { PROGRAMS, programPath } from './program.ts'

export interface PostgresOptions {
  /** Where its data is kept, also after `stop`; a temporary folder by default. */
  folder?: string
  /** Whether commits are synced to the disk; off is faster where only behaviour counts. */
  fsync?: boolean
  /** Server settings by name, beside or in place of the small ones that are given here. */
  settings?: Record<string, string | number>
}

export interface Postgres {
  /** Of the database `yeoul`, which is empty at first. */
  readonly url: string
  readonly port: number
  /** Of the postmaster that runs now. */
  readonly pid: number
  /** The file that it logs to. */
  readonly log: string
  /** Makes another empty database and answers its address. */
  createDatabase(): Promise<string>
  /** SIGKILL to all of its processes: what was not on the disk is lost. The data stays for `restart`. */
  kill(): Promise<void>
  /** Starts it again on the same data and port; stops it first when it runs. */
  restart(): Promise<void>
  /** SIGSTOP to all of its processes: connections stay open and nothing answers. */
  pause(): void
  /** Goes on after `pause`. */
  resume(): void
  /** Ends it and removes its folder, unless that is one to keep. */
  stop(): Promise<void>
}

const PASSWORD = 'yeoul'
const START_MS = 60_000
/** Reads only until its parent is gone; then ends the server whatever state it is in, and removes a temporary folder. */
const WATCHER = `
  trap '' INT TERM HUP
  cat > /dev/null
  pid=$(head -n 1 "$1/data/postmaster.pid" 2> /dev/null)
  if [ -n "$pid" ]; then
    children=$(ps -o pid= --ppid "$pid")
    kill -KILL $pid $children 2> /dev/null
    sleep 0.05
  fi
  [ "$2" = keep ] || rm -rf "$1"`

/** Rejects, in one line, when PostgreSQL is not there or does not start. */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const server = new LocalPostgres(options)
  try {
    await server.initialise()
    await server.start()
  } catch (error) {
    await server.stop()
    throw error
  }
  return server
}

class LocalPostgres implements Postgres {
  readonly #options: PostgresOptions
  readonly #bin: string
  readonly #folder: string
  /** PostgreSQL refuses to run as root. */
  readonly #as: { uid: number; gid: number } | undefined
  readonly #watcher: ChildProcess
  #child: ChildProcess | null = null
  #databases = 0
  port = 0

  constructor(options: PostgresOptions) {
    this.#options = options
    this.#bin = dirname(programPath(PROGRAMS.postgres))
    this.#as = process.getuid?.() === 0 ? idsOf('postgres') : undefined
    if (options.folder !== undefined) mkdirSync(options.folder, { recursive: true })
    this.#folder = options.folder ?? mkdtempSync(join(tmpdir(), 'yeoul-postgres-'))
    if (this.#as !== undefined) chownSync(this.#folder, this.#as.uid, this.#as.gid)
    this.#watcher = spawn('sh', ['-c', WATCHER, 'watcher', this.#folder, this.#kept ? 'keep' : ''], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    })
    this.#watcher.unref()
    ;(this.#watcher.stdin as unknown as { unref(): void }).unref()
  }

  get url(): string {
    return this.#urlOf('yeoul')
  }

  get pid(): number {
    const pid = this.#child?.pid
    if (pid === undefined) throw new Error('PostgreSQL does not run')
    return pid
  }

  get #kept(): boolean {
    return this.#options.folder !== undefined
  }

  get log(): string {
    return join(this.#folder, 'log')
  }

  async initialise(): Promise<void> {
    if (existsSync(join(this.#folder, 'data', 'PG_VERSION'))) return
    const passwordFile = join(this.#folder, 'password')
    writeFileSync(passwordFile, PASSWORD)
    if (this.#as !== undefined) chownSync(passwordFile, this.#as.uid, this.#as.gid)
    const args = ['-D', join(this.#folder, 'data'), '-U', 'yeoul', `--pwfile=${passwordFile}`, '--auth=scram-sha-256']
    const { status, stderr } = spawnSync(
      join(this.#bin, 'initdb'),
      [...args, '--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions'],
      { ...this.#as, cwd: this.#folder, encoding: 'utf8', env: { PATH: process.env.PATH, LC_ALL: 'C' } },
    )
    if (status !== 0) throw new Error(`initdb failed: ${stderr.trim().split('\n').at(-1)}`)
  }

  async start(): Promise<void> {
    const firstTime = this.port === 0
    if (firstTime) this.port = await freePort()
    const settings: Record<string, string | number> = {
      port: this.port,
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      shared_buffers: '64MB',
      max_connections: 200,
      max_wal_size: '512MB',
      fsync: this.#options.fsync === false ? 'off' : 'on',
      ...this.#options.settings,
    }
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const log = openSync(this.log, 'a')
    const child = spawn(join(this.#bin, 'postgres'), ['-D', join(this.#folder, 'data'), ...args], {
      ...this.#as,
      cwd: this.#folder,
      stdio: ['ignore', log, log],
      // Ctrl-C is for whoever started it.
      detached: true,
      env: { PATH: process.env.PATH, LC_ALL: 'C' },
    })
    child.unref()
    this.#child = child
    const until = performance.now() + START_MS
    for (;;) {
      try {
        await this.#ask('postgres', 'SELECT 1')
        break
      } catch (error) {
        if (child.exitCode !== null || performance.now() > until) {
          throw new Error(`PostgreSQL does not start: ${this.#lastLine() ?? (error as Error).message}`)
        }
        await sleep(50)
      }
    }
    if (firstTime) await this.#ask('postgres', 'CREATE DATABASE yeoul').catch(passOver(DUPLICATE_DATABASE))
  }

  async createDatabase(): Promise<string> {
    const name = `yeoul_${++this.#databases}`
    await this.#ask('postgres', `CREATE DATABASE ${name}`)
    return this.#urlOf(name)
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child === null) return
    this.#signal('SIGKILL')
    await ended(child)
    this.#child = null
  }

  async restart(): Promise<void> {
    await this.#shutDown()
    await this.start()
  }

  pause(): void {
    this.#signal('SIGSTOP')
  }

  resume(): void {
    this.#signal('SIGCONT')
  }

  async stop(): Promise<void> {
    if (this.#kept) await this.#shutDown()
    else await this.kill()
    if (this.#watcher.exitCode !== null) return
    const gone = once(this.#watcher, 'exit')
    this.#watcher.ref()
    this.#watcher.stdin?.end()
    await gone
  }

  /** In good order: nothing is left to recover. */
  async #shutDown(): Promise<void> {
    const child = this.#child
    if (child === null) return
    child.kill('SIGINT')
    await ended(child)
    this.#child = null
  }

  /** To all that the postmaster started, and to itself; meanwhile it is stopped, so that it starts no more. */
  #signal(signal: NodeJS.Signals): void {
    const { pid } = this
    send(pid, 'SIGSTOP')
    const children = () => execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
    let listed = ''
    try {
      listed = children()
    } catch {
      // ps fails when there are none.
    }
    for (const each of [...listed.split('\n').map(Number), pid]) if (each !== 0) send(each, signal)
  }

  async #ask(database: string, sql: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.#urlOf(database), connectionTimeoutMillis: 2_000 })
    client.on('error', () => {})
    try {
      await client.connect()
      await client.query(sql)
    } finally {
      await client.end().catch(() => {})
    }
  }

  #urlOf(database: string): string {
    return `postgres://yeoul:${PASSWORD}@127.0.0.1:${this.port}/${database}`
  }

  #lastLine(): string | undefined {
    const lines = readFileSync(this.log, 'utf8').trim().split('\n')
    return lines.findLast((line) => /FATAL|PANIC|ERROR/.test(line)) ?? lines.at(-1)
  }
}

/** Whoever has ended already needs no signal. */
function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

const DUPLICATE_DATABASE = '42P04'

/** Takes an error of that code as well; throws any other. */
function passOver(code: string): (error: unknown) => void {
  return (error) => {
    if ((error as { code?: string }).code !== code) throw error
  }
}

function ended(child: ChildProcess): Promise<unknown> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  const gone = once(child, 'exit')
  child.ref()
  return gone
}

/** Debian keeps the server's programs out of PATH, by version: the newest one. */
function idsOf(user: string): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}
