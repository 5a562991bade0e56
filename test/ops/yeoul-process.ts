/** The program as an operator runs it: processes of their own, seen from outside. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const READY_MS = 60_000
/** What a process gets of ours: nothing that steers it. */
const INHERITED = {
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
}

export interface Outcome {
  code: number | null
  stdout: string
  stderr: string
}

/** Where and how a command runs. */
export interface Surroundings {
  dataDir: string
  env?: Record<string, string>
  /** What it finds on standard input. */
  input?: string
  /** The program's file; the sources by default. */
  main?: string
  /** Runs `npm start` instead. */
  npm?: true
}

export interface RunningYeoul {
  /** The address that it printed. */
  url: string
  pid: number
  /** Everything that it printed so far, both streams. */
  output(): string
  signal(name: NodeJS.Signals): void
  /** Resolves when the process has ended, with its exit code; null when a signal killed it. */
  exited: Promise<number | null>
}

const running = new Set<ChildProcess>()
after(() => {
  for (const child of running) child.kill('SIGKILL')
})

/** A folder that is removed when the file's tests are done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'yeoul-ops-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Starts the program and answers its process; it is killed when the tests are done. */
export function launch(args: string[], { dataDir, env = {}, main = MAIN, npm }: Surroundings): ChildProcess {
  const [program, ...rest] = npm === true ? ['npm', ...args] : [process.execPath, main, ...args]
  const child = spawn(program, rest, {
    cwd: ROOT,
    env: { ...INHERITED, YEOUL_DATA_DIR: dataDir, YEOUL_PORT: '0', ...env },
    stdio: 'pipe',
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

/** Runs a command to its end. */
export async function yeoul(args: string[], surroundings: Surroundings): Promise<Outcome> {
  const child = launch(args, surroundings)
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  child.stdin?.end(surroundings.input ?? '')
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, stdout, stderr }
}

/** Starts the server and resolves when it says that it is ready. */
export async function startYeoul(surroundings: Surroundings): Promise<RunningYeoul> {
  const child = launch(['start'], surroundings)
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve))
  let output = ''
  const ready = new Promise<string>((resolve, reject) => {
    const seen = (chunk: Buffer): void => {
      output += chunk
      const address = /^Yeoul is ready at (http:\/\/\S+)$/m.exec(output)?.[1]
      if (address !== undefined) resolve(address)
    }
    child.stdout?.on('data', seen)
    child.stderr?.on('data', seen)
    exited.then((code) => reject(new Error(`it ended with ${code} before it was ready:\n${output}`)))
    setTimeout(() => reject(new Error(`it was not ready in time:\n${output}`)), READY_MS).unref()
  })
  const url = await ready
  return { url, pid: child.pid as number, output: () => output, signal: (name) => child.kill(name), exited }
}

/** One JSON request under /api/v1. */
export async function api(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  token?: string,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const headers: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
  if (token !== undefined) headers.authorization = `Bearer ${token}`
  const answer = await fetch(`${url}/api/v1${path}`, {
    method,
    headers,
    body: body === undefined ? null : JSON.stringify(body),
  })
  const text = await answer.text()
  return { status: answer.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) }
}
