import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { startTestServer } from '../support/server.ts'

const root = join(import.meta.dirname, '../..')
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')

/** A folder outside the repository with the built package installed. */
let elsewhere = ''
before(async () => {
  elsewhere = await mkdtemp(join(tmpdir(), 'yeoul-client-'))
  const folder = join(elsewhere, 'node_modules/@yeoul/client')
  await mkdir(folder, { recursive: true })
  await run(process.execPath, [join(root, 'client/build.ts'), folder])
})
after(() => rm(elsewhere, { recursive: true, force: true }))

async function run(command: string, args: string[]): Promise<string> {
  const child = spawn(command, args, { cwd: elsewhere, stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000 })
  let said = ''
  child.stdout.on('data', (data) => {
    said += data
  })
  child.stderr.on('data', (data) => {
    said += data
  })
  const code = await new Promise((resolve) => child.on('close', resolve))
  assert.equal(code, 0, said)
  return said
}

async function readmeExample(url: string): Promise<string> {
  const readme = await readFile(join(root, 'client/README.md'), 'utf8')
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1]
  assert(example !== undefined)
  assert(example.trim().split('\n').length <= 12, 'about ten lines')
  return example.replace('http://localhost:8080', url)
}

test('the example of the README runs, on the package as it is published', async () => {
  await using server = await startTestServer()
  await writeFile(join(elsewhere, 'example.mjs'), await readmeExample(server.url))
  const said = await run(process.execPath, ['example.mjs'])
  assert.match(said, /^\d+ message$/m)
  assert.match(said, /^stored as \d+$/m)
})

test('the types of the package hold for who uses it, in a page and in Node', async () => {
  await writeFile(join(elsewhere, 'example.ts'), await readmeExample('http://localhost:8080'))
  await writeFile(
    join(elsewhere, 'wrong.ts'),
    `import type { Client } from '@yeoul/client'\nexport const n: number = {} as Client\n`,
  )
  const options = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2023,dom', '--types', '']
  for (const module of [
    ['--module', 'nodenext'],
    ['--module', 'esnext', '--moduleResolution', 'bundler'],
  ]) {
    await writeFile(join(elsewhere, 'package.json'), '{"type":"module"}')
    await run(process.execPath, [tsc, ...options, ...module, 'example.ts'])
    await assert.rejects(
      run(process.execPath, [tsc, ...options, ...module, 'wrong.ts']),
      /not assignable to type 'number'/,
    )
  }
})

test('the package imports nothing that it does not carry', async () => {
  const folder = join(elsewhere, 'node_modules/@yeoul/client')
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  assert.equal(manifest.dependencies, undefined)
  for (const file of await readdir(folder, { recursive: true })) {
    if (!file.endsWith('.js')) continue
    const code = await readFile(join(folder, file), 'utf8')
    for (const [, from] of code.matchAll(/^(?:import|export)\s[^\n;]*from\s+['"]([^'"]+)['"]/gm)) {
      assert.match(from!, /^\.\.?\//, `${file} imports ${from}`)
      await readFile(join(folder, dirname(file), from!))
    }
  }
})
