import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { Hono } from 'hono'
import type { HttpEnv } from '../../src/transports/http/deps.ts'
import { pagePolicy } from '../../src/transports/http/security.ts'
import { WebFiles } from '../../src/transports/http/web-files.ts'

const SCRIPT = 'console.log("여울");'.repeat(200)
let dir: string
let app: Hono<HttpEnv>

before(() => {
  dir = mkdtempSync(join(tmpdir(), 'yeoul-web-'))
  const root = join(dir, 'dist')
  mkdirSync(join(root, 'assets'), { recursive: true })
  writeFileSync(join(root, 'index.html'), '<!doctype html><title>여울</title>')
  writeFileSync(join(root, 'assets', 'app-1a2b.js'), SCRIPT)
  writeFileSync(join(root, '.hidden'), 'not for you')
  writeFileSync(join(dir, 'secrets.json'), 'not for you either')
  const files = new WebFiles(root, pagePolicy('https://chat.example'))
  app = new Hono<HttpEnv>()
  app.notFound(async (c) => (await files.answer(c, c.req.path)) ?? c.text('nothing', 404))
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
