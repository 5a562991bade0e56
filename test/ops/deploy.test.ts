/** What deploy/ says about the program is true: its options, ports, paths, times and metrics. No engine runs it here. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { configWith, loadConfig, OPTION_ROWS } from '../../src/config.ts'
import { ROLES } from '../../src/config-options.ts'
import { startTestServer } from '../support/server.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const all = (pattern: string): { path: string; text: string }[] =>
  globSync(pattern, { cwd: root }).map((path) => ({ path, text: read(path) }))

const kubernetes = all('deploy/kubernetes/*.yaml')
const deployments = kubernetes.filter(({ text }) => /^kind: Deployment$/m.test(text))
const compose = read('deploy/compose/compose.yaml')
const dockerfile = read('deploy/Dockerfile')

/** A process may take so long from SIGTERM to its end. */
const DRAIN_S = 25

/** The numbers that a pattern's first group finds. */
const numbers = (text: string, pattern: RegExp): number[] =>
  [...text.matchAll(pattern)].map(([, found]) => Number(found))
/** The `YEOUL_…: value` lines of a YAML file. */
const variables = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/^ +(YEOUL_\w+): "?([^"\n]*?)"?$/gm)].map(([, name, value]) => [name as string, value as string]),
  )

test('every variable that deploy/ names is an option of the server', () => {
  const names = OPTION_ROWS.flatMap(({ env, option }) => (option.secret ? [env, `${env}_FILE`] : [env]))
  const files = all('deploy/**/*.{yaml,conf,ts}').concat({ path: 'deploy/Dockerfile', text: dockerfile })
  let seen = 0
  for (const { path, text } of files) {
    for (const [name] of text.matchAll(/\bYEOUL_[A-Z_]+\b/g)) {
      seen++
      assert.ok(names.includes(name), `${path} names ${name}`)
    }
  }
  assert.ok(seen > 30)
})

test('the server takes the values that are given there', () => {
  const secrets = {
    YEOUL_DATABASE_URL: 'postgres://yeoul:secret@postgres:5432/yeoul',
    YEOUL_REDIS_URL: 'redis://redis:6379',
    YEOUL_JWT_SECRET: 'x'.repeat(64),
  }
  const inCompose = Object.entries(variables(compose)).filter(([name]) => !name.endsWith('_FILE'))
  assert.ok(inCompose.length >= 5)
  const publicUrl = { YEOUL_PUBLIC_URL: 'http://localhost:8080' }
  assert.match(compose, /YEOUL_PUBLIC_URL: \$\{PUBLIC_URL:-http:\/\/localhost:8080\}/)
  loadConfig({ env: { ...secrets, ...Object.fromEntries(inCompose), ...publicUrl } })

  const inKubernetes = variables(read('deploy/kubernetes/config.yaml'))
  assert.ok(Object.keys(inKubernetes).length >= 4)
  loadConfig({ env: { ...secrets, ...inKubernetes } })
})

test('each role has its nodes, in compose and in Kubernetes, and nothing else is called a role', () => {
  const roles = (text: string) => [...text.matchAll(/start, --role, (\w+)/g)].map(([, role]) => role)
  assert.deepEqual(roles(compose).sort(), [...ROLES].sort())
  assert.deepEqual(deployments.flatMap(({ text }) => roles(text)).sort(), [...ROLES].sort())
})

test('a node of any role answers the probes at the paths and on the port that are named', async () => {
  const paths = new Set(
    [dockerfile, ...deployments.map(({ text }) => text)].flatMap((text) =>
      [...text.matchAll(/path: (\/\w+)|'(\/\w+)'/g)].map(([, inYaml, inCode]) => (inYaml ?? inCode) as string),
    ),
  )
  assert.deepEqual([...paths].sort(), ['/healthz', '/readyz'])
  await using server = await startTestServer({ roles: ['worker'] })
  for (const path of paths) assert.equal((await fetch(`${server.url}${path}`)).status, 200, path)

  const { port } = configWith()
  for (const { path, text } of deployments) assert.deepEqual(numbers(text, /containerPort: (\d+)/g), [port], path)
  assert.deepEqual(numbers(dockerfile, /^EXPOSE (\d+)$/gm), [port])
  assert.deepEqual([...new Set(numbers(read('deploy/compose/upstreams.conf'), /server [\w-]+:(\d+)/g))], [port])
})

test('whoever stops a node waits for its drain', () => {
  for (const { path, text } of deployments) {
    const [grace = 0] = numbers(text, /terminationGracePeriodSeconds: (\d+)/g)
    const [before = 0] = numbers(text, /preStop: .*sleep, "(\d+)"/g)
    assert.ok(grace >= before + DRAIN_S, path)
  }
  assert.ok((numbers(compose, /stop_grace_period: (\d+)s/g)[0] as number) >= DRAIN_S)
})

test('a proxy waits longer than the two heartbeats after which a gateway closes a silent connection', () => {
  const nginx = numbers(read('deploy/nginx/yeoul.conf'), /proxy_(?:read|send)_timeout (9\d)s;/g)
  const ingress = numbers(read('deploy/kubernetes/ingress.yaml'), /proxy-(?:read|send)-timeout: "(\d+)"/g)
  assert.deepEqual([nginx.length, ingress.length], [2, 2])
  for (const seconds of [...nginx, ...ingress]) assert.ok(seconds * 1_000 > 2.5 * configWith().heartbeatMs)
})

test('nginx gives up an idle connection to a node before the node does', () => {
  const keptFor = createServer().keepAliveTimeout
  const [seconds = 0] = numbers(read('deploy/nginx/upstreams.conf'), /keepalive_timeout (\d+)s/g)
  assert.ok(seconds > 0 && seconds * 1_000 < keptFor, `${seconds} s of ${keptFor} ms`)
})

test('the upstreams of compose are the shipped ones with other addresses', () => {
  const shape = (path: string) =>
    [
      ...new Set(
        read(path)
          .split('\n')
          .map((line) => line.trim().replace(/^server \S+/, 'server'))
          .filter((line) => line !== '' && !line.startsWith('#')),
      ),
    ].join('\n')
  assert.equal(shape('deploy/compose/upstreams.conf'), shape('deploy/nginx/upstreams.conf'))
})

test('Kubernetes puts no variables of its own making before the server, which refuses those that it does not know', () => {
  assert.equal(deployments.length, ROLES.length)
  for (const { path, text } of deployments) assert.match(text, /^ {6}enableServiceLinks: false$/m, path)
})

test('the metric that gateways are scaled by is one that they have', () => {
  const [name] = /metric: \{ name: (\w+) \}/.exec(read('deploy/kubernetes/gateway.yaml'))?.slice(1) ?? []
  assert.ok(read('src/metrics.ts').includes(`'${name}'`), `there is no metric ${name}`)
})

test('the image has the Node that the project is developed on, and is built from files that are there', () => {
  const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: { node: string } }
  const images = [...dockerfile.matchAll(/^FROM node:(\d+)/gm)].map(([, major]) => major)
  assert.deepEqual([...new Set(images)], [devDependencies.node.split('.')[0]])
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names]) =>
    (names as string).split(' '),
  )
  assert.ok(copied.length > 4)
  const ignore = read('deploy/Dockerfile.dockerignore')
  for (const name of copied) {
    assert.ok(existsSync(join(root, name)), name)
    if (name !== '.') assert.ok(ignore.includes(`!${name.split('/')[0]}\n`), `${name} is kept from the build`)
  }
})
