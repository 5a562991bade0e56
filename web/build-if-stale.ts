/** Builds the page into web/dist when a source of it is newer than what is there; says in one line what it did. */
import { createHash } from 'node:crypto'
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress } from 'node:zlib'

const web = import.meta.dirname
const root = join(web, '..')
const dist = join(web, 'dist')
const sources = ['web', 'client/src', 'src/protocol', 'package-lock.json']

/** A hash over the sources' names and contents: times lie after a checkout, contents do not. */
async function stampOfSources(): Promise<string> {
  const files: string[] = []
  for (const source of sources) await collect(join(root, source), files)
  const hash = createHash('sha256')
  for (const file of files.sort()) {
    hash.update(relative(root, file)).update('\0')
    hash.update(await readFile(file))
  }
  return hash.digest('hex')
}

async function collect(path: string, into: string[]): Promise<void> {
  if (!(await isFolder(path))) {
    into.push(path)
    return
  }
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.name.startsWith('dist') || entry.name === 'node_modules' || entry.name.startsWith('.')) continue
    if (entry.isDirectory()) await collect(join(path, entry.name), into)
    else into.push(join(path, entry.name))
  }
}

const isFolder = async (path: string) =>
  readdir(path).then(
    () => true,
    () => false,
  )

/** Makes web/dist fit its sources. Resolves whether it had to build; rejects when the build fails. */
export async function buildIfStale(): Promise<boolean> {
  const stamp = await stampOfSources()
  const built = await readFile(join(dist, '.stamp'), 'utf8').catch(() => '')
  if (built === stamp) return false
  // Loaded only now: a start that has nothing to build stays quick.
  const { build } = await import('vite')
  // Built aside and moved into place: a server that starts meanwhile finds a whole page, and so do two builds at once.
  const aside = `${dist}-${process.pid}`
  try {
    await build({ configFile: join(web, 'vite.config.ts'), logLevel: 'warn', build: { outDir: aside } })
    await compressAll(aside)
    await writeFile(join(aside, '.stamp'), stamp)
    await rm(dist, { recursive: true, force: true })
    await rename(aside, dist).catch(async (error) => {
      // Another build of the same sources was first: its page is as good.
      const theirs = await readFile(join(dist, '.stamp'), 'utf8').catch(() => '')
      if (theirs !== stamp) throw error
    })
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
  return true
}

const WORTH_COMPRESSING = /\.(js|css|html|svg|webmanifest)$/
const compressed = promisify(brotliCompress)

/** Leaves `name.br` beside each file that gets smaller by it: the best of Brotli takes too long for a request to wait. */
async function compressAll(folder: string): Promise<void> {
  const files: string[] = []
  await collect(folder, files)
  const one = async (file: string) => {
    const bytes = await readFile(file)
    if (bytes.length >= 1_024) await writeFile(`${file}.br`, await compressed(bytes))
  }
  await Promise.all(files.filter((file) => WORTH_COMPRESSING.test(file)).map(one))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const began = performance.now()
  const built = await buildIfStale()
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(built ? `The page is built (${seconds} s).` : 'The page is up to date.')
}
