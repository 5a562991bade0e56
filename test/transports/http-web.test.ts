import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { pino } from 'pino'
import { createHttpApp } from '../../src/transports/http/app.ts'
import type { HttpDeps } from '../../src/transports/http/deps.ts'

const SCRIPT = 'console.log("여울");'.repeat(200)
let dir: string
let app: ReturnType<typeof createHttpApp>

/** The whole app over a folder; what needs an account is not asked for here. */
function appWith(webDir: string | null) {
  const options = { publicUrl: 'https://chat.example', allowedOrigins: [], trustedProxies: [], rateLimit: false }
  const deps = { api: true, options, version: '1.2.3', webDir, log: pino({ level: 'silent' }) }
  return createHttpApp(deps as unknown as HttpDeps)
}

before(() => {
  dir = mkdtempSync(join(tmpdir(), 'yeoul-web-'))
  const root = join(dir, 'dist')
  mkdirSync(join(root, 'assets'), { recursive: true })
  writeFileSync(join(root, 'index.html'), '<!doctype html><title>여울</title>')
  writeFileSync(join(root, 'assets', 'app-1a2b.js'), SCRIPT)
  writeFileSync(join(root, 'assets', 'done-3c4d.js'), SCRIPT)
  writeFileSync(join(root, 'assets', 'done-3c4d.js.br'), 'what the build made of it')
  writeFileSync(join(root, '.hidden'), 'not for you')
  writeFileSync(join(dir, 'secrets.json'), 'not for you either')
  app = appWith(root)
})
after(() => rmSync(dir, { recursive: true }))

test('the page is asked for anew each time, and is not sent again when it is the same', async () => {
  const page = await app.request('/')
  assert.equal(page.headers.get('cache-control'), 'no-cache')
  assert.match(await page.text(), /여울/)
  const again = await app.request('/', { headers: { 'If-None-Match': page.headers.get('etag') ?? '' } })
  assert.equal(again.status, 304)
  assert.equal(await again.text(), '')
})

test('the page may run its own scripts and talk to its own origin only', async () => {
  const policy = (await app.request('/index.html')).headers.get('content-security-policy') ?? ''
  assert.match(policy, /default-src 'none'/)
  assert.match(policy, /script-src 'self'(;|$)/)
  assert.match(policy, /connect-src 'self' wss:\/\/chat\.example(;|$)/)
  assert.match(policy, /frame-ancestors 'none'/)
})

test('assets are kept for good and travel compressed when the client takes it', async () => {
  const url = '/assets/app-1a2b.js'
  const plain = await app.request(url)
  assert.match(plain.headers.get('cache-control') ?? '', /immutable/)
  assert.equal(plain.headers.get('vary'), 'Accept-Encoding')
  assert.equal(await plain.text(), SCRIPT)
  const br = await app.request(url, { headers: { 'Accept-Encoding': 'gzip, deflate, br' } })
  assert.equal(br.headers.get('content-encoding'), 'br')
  assert.equal(brotliDecompressSync(await br.arrayBuffer()).toString(), SCRIPT)
  const gz = await app.request(url, { headers: { 'Accept-Encoding': 'gzip;q=0.5, br;q=0' } })
  assert.equal(gz.headers.get('content-encoding'), 'gzip')
  assert.equal(gunzipSync(await gz.arrayBuffer()).toString(), SCRIPT)
})

test('what the build has compressed is sent as it is, and cannot be asked for by its own name', async () => {
  const answer = await app.request('/assets/done-3c4d.js', { headers: { 'Accept-Encoding': 'br' } })
  assert.equal(answer.headers.get('content-encoding'), 'br')
  assert.equal(Buffer.from(await answer.arrayBuffer()).toString(), 'what the build made of it')
  assert.equal((await app.request('/assets/done-3c4d.js.br')).status, 404)
  assert.equal(await (await app.request('/assets/done-3c4d.js')).text(), SCRIPT)
})

test('a person at an address that has nothing gets the page, which says so, and a 404; a program gets a problem', async () => {
  const asBrowser = { headers: { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } }
  for (const path of ['/rooms/019b', '/settings', '/apiary', '/documents']) {
    const answer = await app.request(path, asBrowser)
    assert.equal(answer.status, 404, path)
    assert.match(await answer.text(), /여울/)
  }
  for (const path of ['/api/v1/nothing', '/api', '/docs/nothing', '/assets/old-9z.js', '/ws']) {
    const answer = await app.request(path, asBrowser)
    assert.equal(answer.status, 404, path)
    assert.equal(answer.headers.get('content-type'), 'application/problem+json', path)
  }
  assert.equal((await app.request('/rooms/019b')).status, 404, 'not asked by a browser')
  assert.equal((await app.request('/rooms/019b', { method: 'POST', ...asBrowser })).status, 404)
})

test('without a built page the address says how to build one', async () => {
  const answer = await appWith(null).request('/')
  assert.equal(answer.status, 404)
  assert.match(await answer.text(), /npm run build/)
})

test('no path leads out of the folder, nor to hidden files', async () => {
  for (const path of [
    '/../secrets.json',
    '/..%2fsecrets.json',
    '/assets/..%2f..%2f..%2fsecrets.json',
    '/assets/%2e%2e/%2e%2e/secrets.json',
    '/..\\secrets.json',
    '//secrets.json',
    '/.hidden',
    '/assets',
    '/assets/',
    '/%00',
    '/index.html%00.js',
    '/__proto__',
    '/constructor',
  ]) {
    const answer = await app.request(`http://localhost${path}`)
    assert.equal(answer.status, 404, path)
  }
})
