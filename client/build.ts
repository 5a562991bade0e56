/**
 * Makes the package that is published (`npm publish client/dist`): `node build.ts [folder]`, by default `dist`. The repository runs the client from its
 * source; a package under node_modules must be JavaScript, and carries the protocol files that it shares with the server.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'

const here = import.meta.dirname
const out = resolve(process.argv[2] ?? join(here, 'dist'))

rmSync(out, { recursive: true, force: true })
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
const built = spawnSync(process.execPath, [tsc, '-p', join(here, 'tsconfig.build.json'), '--outDir', out], {
  stdio: 'inherit',
})
if (built.status !== 0) process.exit(built.status ?? 1)

const { exports: _, scripts: __, ...described } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'))
const entry = './client/src/index'
const manifest = {
  ...described,
  sideEffects: false,
  engines: { node: '>=22' },
  exports: { '.': { types: `${entry}.d.ts`, default: `${entry}.js` } },
}
writeFileSync(join(out, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
cpSync(join(here, 'README.md'), join(out, 'README.md'))
cpSync(join(here, '../LICENSE'), join(out, 'LICENSE'))
