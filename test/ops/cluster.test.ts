/** `npm run cluster` as a person runs it. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../deploy/local/free-port.ts'
import { newAdmin } from '../support/people.ts'

const RUN = join(import.meta.dirname, '../../deploy/local/run.ts')
const NAMES = ['api-1', 'gateway-1', 'nginx', 'postgres', 'redis', 'worker-1']

interface Running {
  output(): string
  /** Waits until the output has it; answers what it found. */
  prints(what: RegExp): Promise<RegExpExecArray>
  signal(name: NodeJS.Signals): void
  exited: Promise<number | null>
}

function run(t: TestContext, ...args: string[]): Running {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('YEOUL_'))
  const child = spawn(process.execPath, [RUN, ...args], { env: { ...Object.fromEntries(own), YEOUL_DRAIN_MS: '200' } })
  t.after(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve))
  return {
    output: () => output,
    async prints(what) {
      for (const end = performance.now() + 60_000; performance.now() < end; await sleep(50)) {
        const found = what.exec(output)
        if (found !== null) return found
      }
      return assert.fail(`it did not print ${what}:\n${output}`)
    },
    signal: (name) => child.kill(name),
    exited,
  }
}

test('no two processes that look for free ports get the same one', async (t) => {
  const module = join(import.meta.dirname, '../../deploy/local/free-port.ts')
  const script = `
    import { freePort } from ${JSON.stringify(module)}
    const ports = await Promise.all(Array.from({ length: 300 }, freePort))
    console.log(JSON.stringify(ports))
    process.stdin.resume()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const own = await Promise.all(Array.from({ length: 300 }, freePort))
  let output = ''
  for await (const chunk of child.stdout) {
    output += chunk
    if (output.endsWith('\n')) break
  }
  assert.equal(new Set([...own, ...(JSON.parse(output) as number[])]).size, 600)
})

test('it starts every part, names one that dies, and takes all of them down again', { timeout: 180_000 }, async (t) => {
  const cluster = run(t, '--port', '0', '--gateways', '1', '--workers', '1', '--log', 'redis')
  await cluster.prints(/^To stop it/m)
  const lines = [...cluster.output().matchAll(/^ {2}(\S+) +ready, pid (\d+) +(\S+)$/gm)]
  assert.deepEqual(lines.map(([, name]) => name).sort(), NAMES)
  const pids = new Map(lines.map(([, name, pid]) => [name, Number(pid)]))
  const [, url = ''] = await cluster.prints(/^Yeoul is ready at (\S+)$/m)
  const [, setupUrl = ''] = await cluster.prints(/^ {2}(http\S+#setup=\S+)$/m)
  const [, folder = ''] = await cluster.prints(/^Logs are in ([^\s;]+)/m)

  const admin = await newAdmin({ url, setupUrl })
  const { body } = await admin.call<{ role: string }>('GET', '/me')
  assert.equal(body.role, 'admin')

  process.kill(pids.get('worker-1') as number, 'SIGKILL')
  const [, log = ''] = await cluster.prints(/^worker-1 \(pid \d+\) has died; the others go on\. Its log: (\S+)$/m)
  assert.match(readFileSync(log, 'utf8'), /^Yeoul is ready/m)

  cluster.signal('SIGINT')
  assert.equal(await cluster.exited, 0)
  assert.deepEqual(
    [...pids].filter(([, pid]) => existsSync(`/proc/${pid}`)).map(([name]) => name),
    [],
    'still running',
  )
  assert.equal(existsSync(folder), false)
})

test('what it cannot do is told in one line', async (t) => {
  for (const [args, line] of [
    [['--gateways', '0'], /^cluster: --gateways must be a whole number from 1 to 50, not 0\n$/],
    [['--log', 'kafka'], /^cluster: --log must be sql or redis, not kafka\n$/],
    [['--cores', '2'], /^cluster: Unknown option '--cores'\n$/],
  ] as const) {
    const cluster = run(t, ...args)
    assert.equal(await cluster.exited, 1)
    assert.match(cluster.output(), line)
  }
})
