import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Who may import whom: the layers of src/, from the inside out. A part may always import itself. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  protocol: [],
  ports: ['protocol'],
  core: ['protocol', 'ports'],
  adapters: ['protocol', 'ports', 'core'],
  transports: ['protocol', 'ports', 'core', 'config'],
  jobs: ['protocol', 'ports', 'core', 'config'],
  config: ['protocol'],
  version: [],
  metrics: ['core'],
  compose: ['protocol', 'ports', 'core', 'adapters', 'metrics', 'config', 'version'],
  // A role gets the parts that compose put together, as a type.
  roles: ['protocol', 'ports', 'core', 'transports', 'jobs', 'compose', 'config', 'version'],
  server: ['core', 'compose', 'roles', 'config'],
  cli: ['protocol', 'ports', 'core', 'server', 'config'],
  main: ['protocol', 'cli', 'config', 'version'],
}

/** Reaches past a layer, each with the reason for it. */
const EXCEPTIONS = [
  // Commands work on the data folder itself: they need no server, and a damaged one must not keep them from it.
  { from: 'src/cli/', to: 'src/adapters/sql/' },
  // What keeps a server from starting is explained by its kind.
  { from: 'src/cli/start.ts', to: 'src/adapters/redis/' },
]
const isException = (i: Import): boolean =>
  EXCEPTIONS.some(({ from, to }) => i.file.startsWith(from) && target(i).startsWith(to))

/** Node's modules that core does without: rules need no network, no disk, no process. */
const NOT_IN_CORE = [
  'net',
  'http',
  'http2',
  'https',
  'tls',
  'dgram',
  'dns',
  'fs',
  'fs/promises',
  'sqlite',
  'worker_threads',
]
/** Packages that belong to one layer. */
const PACKAGE_OF: Record<string, string[]> = {
  kysely: ['adapters'],
  pg: ['adapters'],
  ioredis: ['adapters'],
  hono: ['transports', 'roles'],
  '@hono/node-server': ['transports', 'roles'],
  '@hono/zod-openapi': ['transports'],
  ws: ['transports', 'roles'],
  commander: ['main', 'cli'],
}

interface Import {
  file: string
  from: string
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]|\n\s*import\s+['"]([^'"]+)['"]/g

function importsUnder(folder: string): Import[] {
  return globSync('**/*.{ts,tsx}', { cwd: join(root, folder), exclude: ['**/node_modules/**', '**/dist/**'] }).flatMap(
    (name) => {
      const file = join(folder, name)
      const text = readFileSync(join(root, file), 'utf8')
      return [...text.matchAll(IMPORT)].map((m) => ({ file, from: (m[1] ?? m[2] ?? m[3]) as string }))
    },
  )
}

/** `core` for src/core/hub.ts, `config` for src/config.ts and src/config-….ts, `compose` likewise. */
function layerOf(path: string): string {
  const first = path.split('/')[1] as string
  return first.endsWith('.ts') ? first.slice(0, -'.ts'.length).replace(/^(config|compose)-.*/, '$1') : first
}

const target = ({ file, from }: Import): string => normalize(join(dirname(file), from))
const relative = (i: Import): boolean => i.from.startsWith('.')
const all = importsUnder('src')

test('imports point one way: protocol <- core, ports <- adapters, transports, jobs <- roles, compose, main', () => {
  assert.ok(all.length > 50, 'the imports of src/ are found at all')
  const wrong = all.filter(relative).filter((i) => {
    const from = layerOf(i.file)
    const to = layerOf(target(i))
    assert.ok(MAY_IMPORT[from], `${i.file} belongs to no layer of the table`)
    return from !== to && !MAY_IMPORT[from].includes(to) && !isException(i)
  })
  assert.deepEqual(wrong, [])
})

test('only compose.ts chooses adapters', () => {
  const choosing = all.filter((i) => relative(i) && layerOf(target(i)) === 'adapters' && layerOf(i.file) !== 'adapters')
  const others = choosing.filter((i) => i.file !== 'src/compose.ts' && !isException(i))
  assert.deepEqual(others, [])
})

test('nothing reaches out of src/, and the protocol reaches nothing at all', () => {
  assert.deepEqual(
    all.filter((i) => relative(i) && !target(i).startsWith('src/')),
    [],
  )
  assert.deepEqual(
    all.filter((i) => layerOf(i.file) === 'protocol' && !relative(i)),
    [],
  )
})

test('core has no network, no disk and no database', () => {
  const reached = all.filter((i) => layerOf(i.file) === 'core' && NOT_IN_CORE.includes(i.from.replace(/^node:/, '')))
  assert.deepEqual(reached, [])
})

test('a package of one layer stays in it', () => {
  const strays = all.filter((i) => {
    const owners = Object.entries(PACKAGE_OF).find(([name]) => i.from === name || i.from.startsWith(`${name}/`))?.[1]
    return owners !== undefined && !owners.includes(layerOf(i.file))
  })
  assert.deepEqual(strays, [])
})

test('the client and the page know the protocol and nothing else of the server', () => {
  const outside = ['client', 'web'].flatMap(importsUnder)
  const wrong = outside.filter(
    (i) => relative(i) && target(i).startsWith('src/') && !target(i).startsWith('src/protocol/'),
  )
  assert.deepEqual(wrong, [])
})
