/**
 * Runs the tests: `node test/run.ts [part of a path …]`. Makes sure of what they need first (PostgreSQL, Redis, nginx, Chromium,
 * the built page), then runs them with Node's own runner, whose summary ends the output; exits with 1 when one fails.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { fileURLToPath } from 'node:url'
import { PROGRAMS, programPath } from '../deploy/local/program.ts'
import { buildIfStale } from '../web/build-if-stale.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
/** One file may take that long, and all of them together. */
const FILE_MS = 240_000
const ALL_MS = 16 * 60_000
/** Files that run side by side. */
const AT_ONCE = 2

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** The browser that the page's tests drive; `CHROMIUM` names another one. Installed when this machine is ours to install on. */
function chromium(): string {
  const found = [process.env.CHROMIUM, ...BROWSERS].find((path) => path !== undefined && existsSync(path))
  if (found !== undefined) return found
  if (process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    console.log('Chromium is missing; installing it.')
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const apt = (...args: string[]) => spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] })
    apt('update', '-q')
    apt('install', '-qy', '--no-install-recommends', 'chromium', 'fonts-noto-cjk', 'fonts-noto-color-emoji')
    const installed = BROWSERS.find((path) => existsSync(path))
    if (installed !== undefined) return installed
  }
  console.error(
    'The tests of the page need Chromium. Install it (Debian: apt-get install chromium fonts-noto-cjk fonts-noto-color-emoji),',
  )
  console.error('or name the program of one that you have: CHROMIUM=/path/to/chromium npm test')
  process.exit(1)
}

function testFiles(): string[] {
  const all = globSync('test/**/*.test.ts', { cwd: root }).sort()
  const parts = process.argv.slice(2)
  return parts.length === 0 ? all : all.filter((file) => parts.some((part) => file.includes(part)))
}

/**
 * In an order that mixes those that keep the processors busy (a browser draws in them) with the others, most of which wait for
 * processes that die and for connections that break.
 */
function mixed(files: string[]): string[] {
  const [drawn = [], others = []] = [true, false].map((wanted) =>
    files.filter((file) => file.startsWith('test/browser/') === wanted),
  )
  const place = (i: number, length: number) => (i + 0.5) / length
  return [
    ...drawn.map((file, i) => ({ file, at: place(i, drawn.length) })),
    ...others.map((file, i) => ({ file, at: place(i, others.length) })),
  ]
    .sort((a, b) => a.at - b.at)
    .map(({ file }) => file)
}

/**
 * What an operator has set for a server of theirs must not steer the tests. They start many processes on the same sources:
 * with a cache of what was compiled each starts sooner.
 */
function prepareEnv(browser: string): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('YEOUL_')) delete process.env[name]
  process.env.NODE_COMPILE_CACHE ??= join(root, 'node_modules/.cache/yeoul-tests')
  process.env.CHROMIUM = browser
}

/** Here rather than where they are started: two installations at once would get into each other's way. */
function backends(): void {
  for (const program of Object.values(PROGRAMS)) {
    try {
      programPath(program)
    } catch (error) {
      console.error(`The tests need a real backend: ${(error as Error).message}`)
      process.exit(1)
    }
  }
}

backends()
const browser = chromium()
if (await buildIfStale()) console.log('The page is built.')
const files = testFiles()
if (files.length === 0) {
  console.error('No test file matches.')
  process.exit(1)
}

prepareEnv(browser)
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
const running = run({
  files: mixed(files),
  cwd: root,
  concurrency: AT_ONCE,
  timeout: FILE_MS,
  signal: AbortSignal.any([stop.signal, AbortSignal.timeout(ALL_MS)]),
})
running.on('test:fail', ({ todo }) => {
  if (todo === undefined || todo === false) process.exitCode = 1
})
running.compose(new spec()).pipe(process.stdout)
