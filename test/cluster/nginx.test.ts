/** The shipped nginx configuration under a real nginx: what passes, what does not, and what it does when a node is gone. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { freePort } from '../../deploy/local/free-port.ts'
import { type LocalNginx, type NginxOptions, startNginx } from '../../deploy/local/nginx.ts'
import { programPath } from '../../deploy/local/program.ts'
import { configWith } from '../../src/config.ts'
import { newPerson } from '../support/people.ts'
import { frame, RawSocket, TEXT } from '../support/raw-socket.ts'
import { openRoom } from '../support/rooms.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'

const TRUSTED = ['127.0.0.1']

async function nginxFor(t: TestContext, options: NginxOptions): Promise<LocalNginx> {
  const nginx = await startNginx(options)
  t.after(() => nginx.stop())
  return nginx
}

/** nginx with one server behind it, and the server's own description with nginx's address. */
async function before(t: TestContext, server: TestServer, options: Partial<NginxOptions> = {}) {
  const address = `127.0.0.1:${server.port}`
  const nginx = await nginxFor(t, { gateways: [address], api: [address], ...options })
  return { nginx, door: { url: nginx.url, config: server.config } }
}

test('the configuration is valid as it is shipped, and with TLS and another proxy in front of it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'yeoul-nginx-'))
  try {
    cpSync(join(import.meta.dirname, '../../deploy/nginx'), folder, { recursive: true })
    // Checking it opens both: what only root may open is not what this is about.
    change(join(folder, 'nginx.conf'), (config) => config.replace('/run/nginx.pid', 'nginx.pid'))
    const path = join(folder, 'yeoul.conf')
    change(path, (config) => config.replace('listen 80;', 'listen 10080;'))
    assert.equal(complaint(folder), '')
    const key = ['-keyout', join(folder, 'privkey.pem'), '-out', join(folder, 'fullchain.pem')]
    spawnSync(programPath({ name: 'openssl', debian: 'openssl' }), [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      '/CN=localhost',
      ...key,
    ])
    change(path, (config) =>
      config
        // What is offered in comments: indented directives that end in a semicolon.
        .replaceAll(/^ {4}# ((?:listen|ssl_|set_real_ip|real_ip).*;.*)$/gm, '    $1')
        .replaceAll(':443 ', ':10443 ')
        .replaceAll('listen 443 ', 'listen 10443 ')
        .replaceAll('/etc/letsencrypt/live/chat.example.com', folder),
    )
    assert.match(readFileSync(path, 'utf8'), /^ {4}ssl_session_cache[\s\S]*^ {4}real_ip_header/m)
    assert.equal(complaint(folder), '')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

function change(path: string, by: (text: string) => string): void {
  writeFileSync(path, by(readFileSync(path, 'utf8')))
}

/** What nginx says against a configuration. */
function complaint(folder: string): string {
  const program = programPath({ name: 'nginx', debian: 'nginx-light' })
  const { stderr } = spawnSync(program, ['-t', '-q', '-p', `${folder}/`, '-c', 'nginx.conf'], { encoding: 'utf8' })
  return stderr
}

test('people sign in, talk and read through it; a frame in pieces and the largest frame pass whole', async (t) => {
  await using server = await startTestServer({ trustedProxies: TRUSTED })
  const { nginx, door } = await before(t, server)
  const person = await newPerson(door)
  const room = await openRoom(person)

  const socket = await TestSocket.hello(nginx.url, person.accessToken)
  t.after(() => socket.close())
  await socket.ok('subscribe', { room })
  const raw = await RawSocket.hello(nginx.port, person.accessToken)
  t.after(() => raw.destroy())

  // In 200 pieces, some of them empty, with pings between them.
  const command = Buffer.from(
    JSON.stringify({ id: 1, op: 'send', room, clientMessageId: 'pieces', body: '가'.repeat(900) }),
  )
  const size = Math.ceil(command.length / 199)
  for (let i = 0; i < 199; i++) raw.send(i === 0 ? TEXT : 0, command.subarray(i * size, (i + 1) * size), { fin: false })
  raw.send(0x9, 'ping')
  raw.send(0, '', { fin: true })
  assert.equal(((await raw.reply(1)).ok as { duplicate: boolean }).duplicate, false)

  // As large as the server takes: the rest is a field that it passes over.
  const { frameBytes, bodyLength } = server.config.limits
  const body = 'x'.repeat(bodyLength)
  const most = { id: 2, op: 'send', room, clientMessageId: 'large', body, padding: '' }
  most.padding = 'y'.repeat(frameBytes - Buffer.byteLength(JSON.stringify(most)))
  raw.write(frame(TEXT, JSON.stringify(most)))
  assert.equal(((await raw.reply(2)).ok as { duplicate: boolean }).duplicate, false)

  // And a frame of the server that is larger than any buffer of nginx.
  for (let i = 0; i < 40; i++) await socket.ok('send', { room, clientMessageId: `m${i}`, body })
  const page = await socket.ok<{ messages: { body: string }[] }>('subscribe', { room })
  assert.ok(JSON.stringify(page).length > 40 * bodyLength)
  await socket.until(() => socket.seqs(room).length >= 42, 'all events')
})

test('the heartbeat keeps an idle connection through nginx; one that is silent is closed by the gateway, not by nginx', async (t) => {
  // The shipped proportion, twenty times as fast.
  const { heartbeatMs } = configWith()
  const fast = (config: string) => config.replaceAll(/(proxy_(?:read|send)_timeout) 90s;/g, '$1 4500ms;')
  await using server = await startTestServer({ trustedProxies: TRUSTED, heartbeatMs: heartbeatMs / 20 })
  const { nginx, door } = await before(t, server, {
    edit(config) {
      assert.equal(config.match(/_timeout 90s/g)?.length, 2)
      return fast(config)
    },
  })
  const person = await newPerson(door)
  const alive = await TestSocket.hello(nginx.url, person.accessToken)
  const silent = await TestSocket.hello(nginx.url, person.accessToken)
  t.after(() => alive.close())
  const pinging = setInterval(() => alive.ws.send('{"id":900,"op":"ping"}'), heartbeatMs / 20)
  t.after(() => clearInterval(pinging))
  assert.equal(await silent.closeCode(), 4408)
  await sleep(2_500)
  assert.equal(alive.closed, null)
})

test('limits count the address that nginx saw; what a client writes into X-Forwarded-For counts for nothing', async (t) => {
  await using server = await startTestServer({ trustedProxies: TRUSTED, maxConnectionsPerAddress: 2 })
  const { nginx } = await before(t, server)
  const from = (localAddress: string, forged?: string, url = nginx.url) => upgrade(t, url, localAddress, forged)
  assert.equal(await from('127.0.0.2'), 101)
  assert.equal(await from('127.0.0.2', '203.0.113.1'), 101)
  assert.equal(await from('127.0.0.2', '203.0.113.2'), 503, 'a third one of the same client')
  assert.equal(await from('127.0.0.3', '127.0.0.2'), 101, 'another client')
  const direct = `http://127.0.0.1:${server.port}`
  assert.equal(await from('127.0.0.3', '203.0.113.3', direct), 101)
  assert.equal(await from('127.0.0.3', '203.0.113.4', direct), 503, 'past nginx, from an address that is not trusted')
})

test('a node gets the client’s address alone, and no header with which a client could say otherwise', async (t) => {
  let headers: IncomingMessage['headers'] = {}
  const node = await listening(t, (request, answer) => {
    headers = request.headers
    answer('')
  })
  const nginx = await nginxFor(t, { gateways: [node], api: [node] })
  for (const path of ['/x', '/ws']) {
    await call(nginx.port, path, '127.0.0.6', '203.0.113.9')
    assert.equal(headers['x-forwarded-for'], '127.0.0.6', path)
    assert.equal(headers.forwarded, undefined)
    assert.equal(headers.host, `127.0.0.1:${nginx.port}`)
  }
})

test('guesses of passwords are counted on the client’s address, whatever it claims', async (t) => {
  await using server = await startTestServer({ trustedProxies: TRUSTED, rateLimit: true })
  const { nginx } = await before(t, server)
  const guess = (from: string, forged: string) =>
    call(nginx.port, '/api/v1/auth/login', from, forged, JSON.stringify({ username: 'nobody', password: 'a guess' }))
  const statuses: number[] = []
  for (let i = 0; i < 12; i++) statuses.push((await guess('127.0.0.4', `203.0.113.${i}`)).status)
  assert.deepEqual(statuses, [...Array.from({ length: 10 }, () => 401), 429, 429])
  assert.equal((await guess('127.0.0.5', '127.0.0.4')).status, 401, 'another client is not held up')
})

test('what is for operators is not served, in whatever way it is written', async (t) => {
  await using server = await startTestServer({ trustedProxies: [] })
  const { nginx } = await before(t, server)
  const variants = [
    'metrics',
    '%6detrics',
    'metrics?x=1',
    'metrics/',
    './metrics',
    'api/../metrics',
    '/metrics',
    'METRICS',
  ]
  for (const path of [...variants, 'readyz', '%72eadyz', '/readyz']) {
    const { status, text } = await call(nginx.port, `/${path}`)
    assert.notEqual(status, 200, path)
    assert.doesNotMatch(text, /yeoul_|"ready"/, path)
  }
  assert.equal((await call(nginx.port, '/healthz')).status, 200)
})

test('a body above the limit is refused in the API’s form; one below it arrives', async (t) => {
  await using server = await startTestServer({ trustedProxies: TRUSTED })
  const { nginx } = await before(t, server)
  const send = async (bytes: number) => {
    const { status, text } = await call(nginx.port, '/api/v1/auth/login', undefined, undefined, 'x'.repeat(bytes))
    return [status, JSON.parse(text).code]
  }
  assert.deepEqual(await send(200_000), [400, 'bad_request'])
  assert.deepEqual(await send(300_000), [413, 'payload_too_large'], 'by the node')
  assert.deepEqual(await send(1_100_000), [413, 'payload_too_large'], 'by nginx')
})

test('a node that is gone is passed over; a POST that a node may have taken is not sent to another', async (t) => {
  const seen: string[] = []
  const dying = await listening(t, (request) => {
    seen.push(`dying ${request.method}`)
    request.socket.destroy()
  })
  const gone = `127.0.0.1:${await freePort()}`
  const wellPort = await freePort()
  const well = `127.0.0.1:${wellPort}`
  await listening(
    t,
    (request, answer) => {
      seen.push(`well ${request.method}`)
      answer('fine')
    },
    wellPort,
  )

  const refusing = await nginxFor(t, { gateways: [gone], api: [gone, well] })
  for (const method of ['GET', 'POST', 'POST', 'PUT']) {
    assert.equal((await call(refusing.port, '/x', undefined, undefined, undefined, method)).status, 200)
  }
  assert.deepEqual(seen.splice(0), ['well GET', 'well POST', 'well POST', 'well PUT'])

  const cutting = await nginxFor(t, { gateways: [gone], api: [dying] })
  const { status, text, type } = await call(cutting.port, '/x', undefined, undefined, 'once', 'POST')
  assert.deepEqual(seen.splice(0), ['dying POST'])
  assert.equal(status, 503)
  assert.equal(type, 'application/problem+json')
  assert.equal(JSON.parse(text).retryable, true)

  // Two nodes of which each may be asked first.
  for (const method of ['GET', 'POST']) {
    const two = await nginxFor(t, { gateways: [gone], api: [dying, well] })
    const statuses = new Set<number>()
    for (let i = 0; i < 2; i++)
      statuses.add((await call(two.port, '/x', undefined, undefined, undefined, method)).status)
    const asked = seen.splice(0)
    if (method === 'GET') assert.deepEqual([...statuses], [200])
    else assert.equal(asked.length, 2, `each POST reached one node: ${asked}`)
  }
})

test('an upgrade that a draining or full gateway refuses goes to the next one', async (t) => {
  await using full = await startTestServer({ trustedProxies: TRUSTED, maxConnections: 1 })
  await using free = await startTestServer({ trustedProxies: TRUSTED })
  const gateways = [full, free].map(({ port }) => `127.0.0.1:${port}`)
  const nginx = await nginxFor(t, { gateways, api: gateways })
  for (let i = 0; i < 6; i++) assert.equal(await upgrade(t, nginx.url, '127.0.0.1'), 101)
})

test('nginx goes, with its folder, when the process that started it is killed', async () => {
  const module = join(import.meta.dirname, '../../deploy/local/nginx.ts')
  const script = `
    import { writeSync } from 'node:fs'
    import { startNginx } from ${JSON.stringify(module)}
    const { pid, log } = await startNginx({ gateways: ['127.0.0.1:1'], api: ['127.0.0.1:1'] })
    writeSync(1, pid + ' ' + log)
    process.kill(process.pid, 'SIGKILL')`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  const [pid, log = ''] = stdout.split(' ')
  assert.match(log, /yeoul-nginx/)
  for (let i = 0; i < 1_000 && (isAlive(Number(pid)) || existsSync(dirname(log))); i++) await sleep(20)
  assert.equal(isAlive(Number(pid)), false)
  assert.equal(existsSync(dirname(log)), false)
})

/** Whether it runs; one that has ended and that nobody asked for yet does not. */
function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
}

/** Tries to open a WebSocket; answers the status. It stays open until the test is over. */
function upgrade(t: TestContext, url: string, localAddress: string, forged?: string): Promise<number> {
  const headers = forged === undefined ? {} : { 'X-Forwarded-For': forged, Forwarded: `for=${forged}` }
  const ws = new WebSocket(`${url.replace('http', 'ws').replace('localhost', '127.0.0.1')}/ws`, 'yeoul.v1', {
    localAddress,
    headers,
  })
  t.after(() => ws.terminate())
  return new Promise((resolve, reject) => {
    ws.once('open', () => resolve(101))
    ws.once('unexpected-response', (_, response) => resolve(response.statusCode ?? 0))
    ws.once('error', reject)
  })
}

/** One request as it is written, on a connection of its own: `fetch` would tidy the path up. */
function call(
  port: number,
  path: string,
  localAddress = '127.0.0.1',
  forged?: string,
  body?: string,
  method = body === undefined ? 'GET' : 'POST',
): Promise<{ status: number; text: string; type: string | undefined }> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...(forged !== undefined && { 'X-Forwarded-For': forged, Forwarded: `for=${forged}` }),
      ...(body !== undefined && { 'Content-Type': 'application/json', 'Content-Length': String(body.length) }),
    }
    const options = { port, host: '127.0.0.1', path, localAddress, method, headers, agent: false }
    const asked = request(options, (response) => {
      let text = ''
      response.on('data', (chunk) => {
        text += chunk
      })
      const type = response.headers['content-type']
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text, type }))
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

/** An HTTP server of the test's own; answers its address. */
async function listening(
  t: TestContext,
  take: (request: IncomingMessage, answer: (text: string) => void) => void,
  port = 0,
): Promise<string> {
  const server: Server = createServer((request, response) => take(request, (text) => response.end(text)))
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  t.after(() => server.closeAllConnections())
  t.after(() => server.close())
  return `127.0.0.1:${(server.address() as { port: number }).port}`
}
