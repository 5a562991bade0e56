import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startYeoul, temporaryFolder, yeoul } from './yeoul-process.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))

test('the packed program, installed elsewhere, starts and serves the page', async () => {
  const folder = temporaryFolder()
  const packed = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root, maxBuffer: 1e8 })
  // The build prints before the answer does.
  const [answer] = Object.values(JSON.parse(/^[[{][\s\S]*$/m.exec(packed.stdout)?.[0] ?? '')) as [
    { filename: string; files: { path: string }[] },
  ]
  const stray = answer.files.map(({ path }) => path).filter((path) => /\.ts$/.test(path) && !path.endsWith('.d.ts'))
  assert.deepEqual(stray, [], 'no TypeScript is in the package: Node does not run it under node_modules')

  const place = join(folder, 'elsewhere')
  mkdirSync(place)
  writeFileSync(join(place, 'package.json'), '{"private": true}')
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline']
  await run('npm', ['install', join(folder, answer.filename), ...quiet], { cwd: place, maxBuffer: 1e8 })

  const main = join(place, 'node_modules/yeoul/dist/src/main.js')
  const version = await yeoul(['--version'], { main, dataDir: folder })
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/)
  const server = await startYeoul({ main, dataDir: join(folder, 'data') })
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
  const page = await fetch(server.url)
  assert.equal(page.status, 200)
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
  const script = /<script[^>]+src="([^"]+)"/.exec(await page.text())?.[1]
  assert.ok(script, 'the page has a script')
  assert.equal((await fetch(new URL(script, server.url))).status, 200)
  server.signal('SIGTERM')
  assert.equal(await server.exited, 0)
})
