/**
 * Runs the tests: `node test/run.ts [part of a path …]`. Makes sure of what they need first (PostgreSQL, Redis, nginx, Chromium,
 * the built page), then leaves it to `node --test`: once for those that draw in a browser, beside it once for all others. Each
 * ends its output with a summary; one that fails is our failure.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync } from 'node:fs'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { PROGRAMS, programPath } from '../deploy/local/program.ts'
import { buildIfStale } from '../web/build-if-stale.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
/** One file may take that long, and all of them together. */
const FILE_MS = 240_000
const ALL_MS = 16 * 60_000
/** Files of one kind that run side by side. */
const AT_ONCE = 2
/** How far the tests that draw stand back (nice) while others run beside them. */
const STANDS_BACK = 5

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
 * What an operator has set for a server of theirs must not steer the tests. They start many processes on the same sources:
 * with a cache of what was compiled each starts sooner.
 */
function cleanEnv(browser: string): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('YEOUL_'))
  return {
    NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/yeoul-tests'),
    ...Object.fromEntries(own),
    CHROMIUM: browser,
  }
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

/** `beside`: others run at the same time, and their output comes first. */
function start(files: string[], beside: boolean): ChildProcess {
  const atOnce = beside ? 1 : AT_ONCE
  const child = spawn(
    process.execPath,
    ['--test', `--test-concurrency=${atOnce}`, `--test-timeout=${FILE_MS}`, '--test-reporter=spec', ...files],
    { cwd: root, stdio: ['inherit', beside ? 'pipe' : 'inherit', 'inherit'], env: cleanEnv(browser) },
  )
  if (beside && child.pid !== undefined) setPriority(child.pid, STANDS_BACK)
  return child
}

/**
 * A test that draws keeps a processor busy, most others wait: for what dies, breaks or comes late. Side by side they take little
 * more time than one kind alone, and what is tested for its timing goes first.
 */
const drawn = files.filter((file) => file.startsWith('test/browser/'))
const others = files.filter((file) => !drawn.includes(file))
const mixed = drawn.length > 0 && others.length > 0
const children = mixed ? [start(others, false), start(drawn, true)] : [start(files, false)]

const limit = setTimeout(() => {
  console.error(`The tests took more than ${ALL_MS / 60_000} minutes; giving up.`)
  for (const child of children) child.kill('SIGTERM')
  setTimeout(() => children.map((child) => child.kill('SIGKILL')), 5_000).unref()
}, ALL_MS)
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => children.map((child) => child.kill(signal)))
const [told, ...codes] = await Promise.all([
  mixed ? text(children[1]!.stdout!) : '',
  ...children.map(async (child) => (await once(child, 'exit'))[0] as number | null),
])
clearTimeout(limit)
process.stdout.write(told)
if (codes.some((code) => code !== 0)) {
  console.error('A test failed: its summary says which.')
  process.exitCode = 1
}
