/** A real nginx without a container, with the configuration that is shipped in deploy/nginx, on free ports. */
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Child } from './child.ts'
import { freePort } from './free-port.ts'
import { PROGRAMS, programPath } from './program.ts'

export interface NginxOptions {
  /** Addresses, like `127.0.0.1:8081`. */
  gateways: string[]
  api: string[]
  /** The port that it listens on; a free one by default. */
  port?: number
  /** Changes the text of yeoul.conf before it is used. */
  edit?: (config: string) => string
}

export interface LocalNginx {
  readonly url: string
  readonly port: number
  /** Of the master process. */
  readonly pid: number
  /** The file that it logs to. */
  readonly log: string
  /** SIGKILL to the master and its workers. */
  kill(): Promise<void>
  /** Starts it again; stops it first when it runs. */
  restart(): Promise<void>
  /** Ends it and removes its folder. */
  stop(): Promise<void>
}

const SHIPPED = join(import.meta.dirname, '../nginx')
const START_MS = 60_000
const STOP_MS = 5_000

/** Rejects, in one line, when nginx is not there or does not start. */
export async function startNginx(options: NginxOptions): Promise<LocalNginx> {
  const nginx = new NginxProcess(options, options.port ?? (await freePort()))
  try {
    await nginx.start()
  } catch (error) {
    await nginx.stop()
    throw error
  }
  return nginx
}

class NginxProcess implements LocalNginx {
  readonly #program = programPath(PROGRAMS.nginx)
  readonly #folder = mkdtempSync(join(tmpdir(), 'yeoul-nginx-'))
  readonly port: number
  #child!: Child

  constructor(options: NginxOptions, port: number) {
    this.port = port
    // As root, its workers run as another user and keep large bodies under here.
    chmodSync(this.#folder, 0o711)
    writeConfig(this.#folder, options, port)
  }

  get url(): string {
    return `http://localhost:${this.port}`
  }

  get pid(): number {
    return this.#child.pid
  }

  get log(): string {
    return join(this.#folder, 'log')
  }

  async start(): Promise<void> {
    const child = new Child(this.#program, ['-p', `${this.#folder}/`, '-c', 'nginx.conf', '-g', 'daemon off;'], {
      cwd: this.#folder,
      log: this.log,
      temporary: this.#folder,
    })
    this.#child = child
    const until = performance.now() + START_MS
    while (!(await answers(this.port))) {
      if (!child.running || performance.now() > until) {
        throw new Error(`nginx does not start: ${child.output.trim().split('\n').at(-1)}`)
      }
      await sleep(20)
    }
  }

  async kill(): Promise<void> {
    await this.#child.end('SIGKILL', STOP_MS)
  }

  async restart(): Promise<void> {
    await this.#child.end('SIGTERM', STOP_MS)
    await this.start()
  }

  async stop(): Promise<void> {
    await this.#child?.end('SIGTERM', STOP_MS)
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** The shipped files with this machine's ports, and everything that nginx writes inside its folder. */
function writeConfig(folder: string, options: NginxOptions, port: number): void {
  cpSync(SHIPPED, folder, { recursive: true })
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  for (const name of temporary) mkdirSync(join(folder, name))
  const own = temporary.map((name) => `    ${name}_temp_path ${name};\n`).join('')
  rewrite(join(folder, 'nginx.conf'), (text) =>
    replaced(
      replaced(text, /^http \{\n/m, (found) => `${found}${own}`),
      /^pid .*;$/m,
      () => 'pid nginx.pid;',
    ),
  )
  rewrite(join(folder, 'yeoul.conf'), (text) =>
    (options.edit ?? unchanged)(replaced(text, /^ {4}listen 80;$/m, () => `    listen 127.0.0.1:${port};`)),
  )
  rewrite(join(folder, 'upstreams.conf'), (text) =>
    withServers(withServers(text, 'yeoul_gateways', options.gateways), 'yeoul_api', options.api),
  )
}

/** The upstream with other addresses, each with the parameters of the shipped ones. */
function withServers(text: string, upstream: string, addresses: string[]): string {
  const block = new RegExp(`^upstream ${upstream} \\{[^}]*\\}`, 'm')
  const servers = /(?:^ {4}server \S+.*;\n)+/m
  return replaced(text, block, (found) =>
    replaced(found, servers, (lines) => {
      const parameters = new Set([...lines.matchAll(/server \S+(.*);/g)].map(([, given]) => given))
      return [...parameters].flatMap((given) => addresses.map((one) => `    server ${one}${given};\n`)).join('')
    }),
  )
}

function replaced(text: string, what: RegExp, by: (...found: string[]) => string): string {
  if (!what.test(text)) throw new Error(`deploy/nginx has no ${what}`)
  return text.replace(what, by)
}

const unchanged = (text: string) => text

function rewrite(path: string, change: (text: string) => string): void {
  writeFileSync(path, change(readFileSync(path, 'utf8')))
}

function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
  }).then((connected) => {
    socket.destroy()
    return connected as boolean
  })
}
