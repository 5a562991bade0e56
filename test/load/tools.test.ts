import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { WebSocket, WebSocketServer } from 'ws'
import { LiveRoom } from '../../load/artillery/live-room.ts'
import { type Context, enter, leaveComplete, makeRooms, sendAcknowledged, signIn } from '../../load/artillery/yeoul.mts'
import { API_KEY, startTestServer } from '../support/server.ts'

/**
 * The scripts for load tools that people have already. k6 and Artillery are no dependencies: where they are on the PATH
 * their scripts are run, elsewhere the type checker alone has seen those of k6, and the tests here the code for Artillery.
 */
// As the steps for Artillery have it from whoever runs them.
Object.assign(process.env, { YEOUL_API_KEY: API_KEY, ROOMS: '1' })

const root = fileURLToPath(new URL('../..', import.meta.url))

interface Run {
  code: number | null
  output: string
}

function found(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

async function run(program: string, args: string[]): Promise<Run> {
  const quiet = { K6_NO_USAGE_REPORT: 'true', ARTILLERY_DISABLE_TELEMETRY: 'true' }
  const child = spawn(program, args, { cwd: root, env: { ...process.env, ...quiet } })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output }
}

/** Whether to go on; says so when not. */
function canRun(t: TestContext, program: string): boolean {
  if (found(program)) return true
  t.skip(`${program} is no part of Yeoul and is not on the PATH: docs/load-tools.md says how to get it`)
  return false
}

const chat = (url: string, more: string[] = []) => {
  const settings = { USERS: 10, ROOMS: 2, RATE: 40, DURATION: 1, SETTLE: 4, YEOUL_URL: url, YEOUL_API_KEY: API_KEY }
  const options = Object.entries(settings).flatMap(([name, value]) => ['-e', `${name}=${value}`])
  return run('k6', ['run', '--no-color', '-q', ...options, ...more, 'load/k6/chat.ts'])
}

test('k6 chats: every delivery is timed, everybody is complete', async (t) => {
  if (!canRun(t, 'k6')) return
  await using server = await startTestServer()
  const { output } = await chat(server.url)
  // Not the exit code: it tells of delays, too, and those are no matter of a test.
  assert.match(output, /messages_acknowledged\.+: 40 /, output)
  assert.match(output, /messages_received\.+: 200 /)
  assert.match(output, /connections_complete\.+: 10 /)
})

test('k6 fails when messages are refused', async (t) => {
  if (!canRun(t, 'k6')) return
  await using server = await startTestServer({ rateLimit: true })
  const { code, output } = await chat(server.url, ['-e', 'RATE=2000'])
  assert.equal(code, 99, output)
  assert.match(output, /rate_limited/)
})

test('k6 reads history and registers people', async (t) => {
  if (!canRun(t, 'k6')) return
  await using server = await startTestServer()
  const options = ['-e', 'DURATION=1', '-e', `YEOUL_URL=${server.url}`, '-e', `YEOUL_API_KEY=${API_KEY}`]
  const { output } = await run('k6', ['run', '--no-color', '-q', ...options, 'load/k6/http.ts'])
  assert.match(output, /checks_succeeded\.+: 100\.00% /, output)
})

for (const script of ['s0', 'chat', 'http']) {
  test(`Artillery runs ${script}.yml`, async (t) => {
    if (!canRun(t, 'artillery')) return
    await using server = await startTestServer()
    const overrides = JSON.stringify({ config: { phases: [{ duration: 1, arrivalCount: 3 }] } })
    const { output } = await run('artillery', [
      'run',
      '--target',
      server.url,
      '--overrides',
      overrides,
      `load/artillery/${script}.yml`,
    ])
    assert.match(output, /vusers\.completed: \.+ 3\n/, output)
    assert.doesNotMatch(output, /^fail: .*(vusers|events_missing)/m)
  })
}

/** What a user of Artillery's told it. */
function figures(): { events: EventEmitter; counters: Record<string, number>; timed: Record<string, number> } {
  const events = new EventEmitter()
  const counters: Record<string, number> = {}
  const timed: Record<string, number> = {}
  events.on('counter', (name: string, by: number) => (counters[name] = (counters[name] ?? 0) + by))
  events.on('histogram', (name: string) => (timed[name] = (timed[name] ?? 0) + 1))
  return { events, counters, timed }
}

test("Artillery's steps: whoever enters gets every message from then on, and times each", async () => {
  await using server = await startTestServer()
  const first: Context = { vars: { target: server.url, $uuid: 'first' } }
  await makeRooms(first)
  const second: Context = { vars: { target: server.url, $uuid: 'second', rooms: first.vars.rooms! } }
  const told = figures()
  for (const context of [first, second]) {
    const connection = { target: server.url }
    await new Promise<void>((resolve, reject) => {
      signIn(connection, context, (error) => (error === undefined ? resolve() : reject(error)))
    })
    context.ws = new WebSocket(connection.target, 'yeoul.v1')
    await once(context.ws, 'open')
    await enter(context, told.events)
  }
  for (let i = 0; i < 10; i++) {
    for (const context of [first, second])
      await sendAcknowledged({ ...context, vars: { ...context.vars, $loopCount: i } })
  }
  await Promise.all([leaveComplete(first), leaveComplete(second)])
  for (const { ws } of [first, second]) ws!.close()
  assert.equal(told.timed['yeoul.acknowledgement_ms'], 20)
  assert.equal(told.timed['yeoul.delivery_ms'], 40)
  assert.equal(told.counters['yeoul.events_missing'], 0)
  assert.equal(told.counters['yeoul.events_repeated'], 0)
})

test("Artillery's steps: an event that is missing, and one that comes twice, are counted; a refusal fails the step", async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  server.on('connection', (socket) => {
    const event = (seq: number) => ({ push: 'event', event: { seq, type: 'message', body: `${Date.now()} x` } })
    socket.on('message', (data) => {
      const { id, op } = JSON.parse(String(data)) as { id: number; op: string }
      const ok = { hello: {}, subscribe: { position: { seq: 4 } }, watch: { heads: [{ seq: 9 }] } }[op]
      if (ok === undefined) return socket.send(JSON.stringify({ re: id, err: { code: 'rate_limited' } }))
      // The answer and what follows it in one frame, as a server that flushes does: 6 is left out, 8 comes twice.
      const pushes = op === 'subscribe' ? [5, 7, 8, 8, 9].map(event) : []
      socket.send(JSON.stringify([{ re: id, ok }, ...pushes]))
    })
  })
  const told = figures()
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  await once(socket, 'open')
  try {
    const live = new LiveRoom(socket, told.events, 'room')
    await live.enter('token')
    await assert.rejects(live.send('1', 64), /rate_limited/)
    await live.complete()
  } finally {
    socket.terminate()
    server.close()
  }
  assert.equal(told.timed['yeoul.delivery_ms'], 5)
  assert.equal(told.counters['yeoul.events_missing'], 1)
  assert.equal(told.counters['yeoul.events_repeated'], 1)
})
