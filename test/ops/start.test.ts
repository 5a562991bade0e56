import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { api, startYeoul, temporaryFolder, yeoul } from './yeoul-process.ts'

/** Opens a WebSocket, says hello, and resolves with it. */
async function connected(url: string, token: string): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, 'yeoul.v1')
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const answer = new Promise((resolve) => socket.once('message', resolve))
  socket.send(JSON.stringify({ id: 1, op: 'hello', token }))
  assert.match(String(await answer), /"ok"/)
  return socket
}

test('the first start needs nothing: it prints the address and the set-up link, whose account is the admin, once', async () => {
  const dataDir = join(temporaryFolder(), 'made', 'by', 'it')
  const server = await startYeoul({ dataDir })
  assert.match(server.url, /:\d+$/)
  assert.notEqual(new URL(server.url).port, '0')
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
  assert.equal((await fetch(`${server.url}/readyz`)).status, 200)
  assert.equal(statSync(join(dataDir, 'secrets.json')).mode & 0o777, 0o600)

  const setupToken = /#setup=([\w-]+)/.exec(server.output())?.[1]
  assert.ok(setupToken, 'the set-up link is printed')
  const made = await api(server.url, 'POST', '/auth/register', {
    username: 'first',
    password: 'long enough',
    setupToken,
  })
  assert.equal(made.status, 201)
  assert.equal((made.body.user as { role: string }).role, 'admin')
  const again = await api(server.url, 'POST', '/auth/register', {
    username: 'second',
    password: 'long enough',
    setupToken,
  })
  assert.deepEqual([again.status, again.body.code], [403, 'setup_token_invalid'])

  server.signal('SIGTERM')
  assert.equal(await server.exited, 0)
  const second = await startYeoul({ dataDir })
  assert.doesNotMatch(second.output(), /#setup=/)
  const login = await api(second.url, 'POST', '/auth/login', { username: 'first', password: 'long enough' })
  assert.equal(login.status, 200)
  second.signal('SIGTERM')
  assert.equal(await second.exited, 0)
})

test('SIGTERM drains: readyz is 503, clients are told to reconnect, the process ends with 0 within 25 s', async () => {
  const server = await startYeoul({ dataDir: temporaryFolder(), env: { YEOUL_DRAIN_MS: '2000' } })
  const { body } = await api(server.url, 'POST', '/auth/register', { username: 'someone', password: 'long enough' })
  const socket = await connected(server.url, body.accessToken as string)
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  const told = new Promise<string>((resolve, reject) => {
    socket.once('message', (data) => resolve(String(data)))
    closed.then((code) => reject(new Error(`closed with ${code} before anything was told`)))
  })
  const began = performance.now()
  server.signal('SIGTERM')
  assert.match(await told, /"push":"reconnect"/)
  const readiness = await fetch(`${server.url}/readyz`).then(
    (answer) => answer.status,
    () => 503,
  )
  assert.equal(readiness, 503)
  assert.equal(await closed, 4503)
  assert.equal(await server.exited, 0)
  assert.ok(performance.now() - began < 25_000)
})

test('a second signal ends it at once', async () => {
  const server = await startYeoul({ dataDir: temporaryFolder(), env: { YEOUL_DRAIN_MS: '20000' } })
  const { body } = await api(server.url, 'POST', '/auth/register', { username: 'someone', password: 'long enough' })
  // A client that stays: without one there is nothing to wait for.
  const socket = await connected(server.url, body.accessToken as string)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  const began = performance.now()
  server.signal('SIGTERM')
  // The same keystroke, passed on by npm: it must not force.
  server.signal('SIGTERM')
  await new Promise((resolve) => setTimeout(resolve, 600))
  assert.equal(socket.readyState, WebSocket.OPEN)
  server.signal('SIGTERM')
  assert.equal(await server.exited, 1)
  assert.ok(performance.now() - began < 15_000)
  await closed
})

test('`npm start` serves the page and passes a signal on: no server is left behind', async () => {
  const server = await startYeoul({ dataDir: temporaryFolder(), npm: true })
  const page = await fetch(server.url)
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
  assert.match(await page.text(), /<script/)
  server.signal('SIGTERM')
  assert.equal(await server.exited, 0)
  assert.match(server.output(), /^Yeoul has stopped\.$/m)
})

test('logs hold no token, no password and no message text, at any level', async () => {
  const dataDir = temporaryFolder()
  const server = await startYeoul({ dataDir, env: { YEOUL_LOG_LEVEL: 'trace' } })
  const secrets = ['correct horse battery', 'wrong horse battery', 'the text of a message', 'the text after the edit']
  const [password = '', wrong = '', text = '', edited = ''] = secrets
  const { body: login } = await api(server.url, 'POST', '/auth/register', { username: 'someone', password })
  const token = login.accessToken as string
  await api(server.url, 'POST', '/auth/login', { username: 'someone', password: wrong })
  await api(server.url, 'POST', '/auth/refresh', { refreshToken: login.refreshToken })
  const room = (await api(server.url, 'POST', '/rooms', { title: 'a room' }, token)).body.id as string
  await api(server.url, 'POST', `/rooms/${room}/messages`, { clientMessageId: 'a', body: text }, token)
  await api(server.url, 'POST', `/rooms/${room}/messages`, { clientMessageId: 7, body: text }, token)
  const socket = await connected(server.url, token)
  const replies = new Promise((resolve) => socket.once('message', resolve))
  socket.send(JSON.stringify({ id: 2, op: 'edit', room, seq: 2, body: edited }))
  await replies
  socket.send('not a frame: the text of a message')
  await new Promise((resolve) => socket.once('close', resolve))
  server.signal('SIGTERM')
  assert.equal(await server.exited, 0)

  const setupToken = /#setup=([\w-]+)/.exec(server.output())?.[1] as string
  const key = JSON.parse(readFileSync(join(dataDir, 'secrets.json'), 'utf8')).jwtSecret as string
  const logs = server
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
  assert.ok(logs.length > 0, 'something is logged')
  for (const line of logs) assert.doesNotThrow(() => JSON.parse(line), `a log line is JSON: ${line}`)
  for (const secret of [...secrets, token, login.refreshToken as string, key, setupToken]) {
    assert.ok(!logs.some((line) => line.includes(secret)), `the logs hold ${secret}`)
  }
})

test('a taken port is told in one line', async () => {
  const server = await startYeoul({ dataDir: temporaryFolder() })
  const port = new URL(server.url).port
  const other = await yeoul(['start', '--port', port], { dataDir: temporaryFolder() })
  assert.equal(other.code, 1)
  assert.equal(other.stderr, `yeoul: Port ${port} is taken; choose another one: --port 8081, or 0 for a free one.\n`)
  server.signal('SIGTERM')
  assert.equal(await server.exited, 0)
})

test('a second server on the same data is told so, and the first goes on', async () => {
  const dataDir = temporaryFolder()
  const server = await startYeoul({ dataDir })
  const other = await yeoul(['start'], { dataDir })
  assert.equal(other.code, 1)
  assert.match(
    other.stderr,
    /^yeoul: another Yeoul server is using .*; stop it, or give this one a data folder of its own\n$/,
  )
  assert.equal((await fetch(`${server.url}/readyz`)).status, 200)
  server.signal('SIGTERM')
  assert.equal(await server.exited, 0)
})

test('a data folder that cannot be made is told in one line', async () => {
  const file = join(temporaryFolder(), 'a-file')
  writeFileSync(file, '')
  const { code, stderr } = await yeoul(['start'], { dataDir: join(file, 'data') })
  assert.equal(code, 1)
  assert.match(stderr, /^yeoul: YEOUL_DATA_DIR: cannot make [^\n]+ \(ENOTDIR\)\n$/)
})

test('a wrong option stops the start in one line, before anything is made', async () => {
  const dataDir = join(temporaryFolder(), 'data')
  const start = await yeoul(['start'], { dataDir, env: { YEOUL_RATELIMIT: 'off' } })
  assert.deepEqual(start, {
    code: 1,
    stdout: '',
    stderr: 'yeoul: YEOUL_RATELIMIT is no option of Yeoul; did you mean YEOUL_RATE_LIMIT?\n',
  })
  assert.throws(() => statSync(dataDir))
})
