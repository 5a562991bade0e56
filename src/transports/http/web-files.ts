import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { Context } from 'hono'
import type { HttpEnv } from './deps.ts'

const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.mp3': 'audio/mpeg',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
}
const COMPRESSIBLE = new Set(['.css', '.html', '.js', '.json', '.map', '.svg', '.txt', '.webmanifest'])
const WORTH_COMPRESSING = 1_024

type Bytes = Buffer<ArrayBuffer>
type Encoding = 'br' | 'gzip'

interface WebFile {
  bytes: Bytes
  type: string
  etag: string
  /** Its name holds a hash of its content, so it never changes. */
  immutable: boolean
  compressible: boolean
  encoded: Partial<Record<Encoding, Promise<Bytes>>>
}

/**
 * The built web client, read once at the start. A request looks a name up in a map, so no path that a client sends ever
 * reaches the file system. The build leaves `name.br` beside what is worth it, compressed as well as it can be; anything else
 * is compressed when it is first asked for, once.
 */
export class WebFiles {
  readonly #files = new Map<string, WebFile>()
  readonly #policy: string

  /** `policy`: the Content-Security-Policy of the page. Throws when the folder cannot be read. */
  constructor(dir: string, policy: string) {
    this.#policy = policy
    for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || entry.name.startsWith('.') || entry.name.endsWith('.br')) continue
      const path = join(entry.parentPath, entry.name)
      const name = `/${relative(dir, path).split(sep).join('/')}`
      const file = readWebFile(path, name)
      if (file.compressible && existsSync(`${path}.br`)) file.encoded.br = Promise.resolve(readFileSync(`${path}.br`))
      this.#files.set(name, file)
    }
  }

  /** The file at a URL's path, or null when there is none. */
  async answer(c: Context<HttpEnv>, path: string): Promise<Response | null> {
    const file = this.#files.get(path === '/' ? '/index.html' : path)
    if (file === undefined) return null
    c.header('Cache-Control', file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache')
    c.header('ETag', file.etag)
    c.header('Cross-Origin-Resource-Policy', 'same-origin')
    if (file.type.startsWith('text/html')) {
      c.header('Content-Security-Policy', this.#policy)
      c.header('Cross-Origin-Opener-Policy', 'same-origin')
      c.header('Permissions-Policy', 'camera=(), microphone=(), geolocation=()')
    }
    if (file.compressible) c.header('Vary', 'Accept-Encoding')
    if (c.req.header('If-None-Match') === file.etag) return c.body(null, 304)
    c.header('Content-Type', file.type)
    const encoding = file.compressible ? encodingFor(c.req.header('Accept-Encoding')) : null
    if (encoding === null) return c.body(file.bytes)
    c.header('Content-Encoding', encoding)
    file.encoded[encoding] ??= compress(file.bytes, encoding)
    return c.body(await file.encoded[encoding])
  }

  /** The page at an address that has nothing: it says so in the reader's language. */
  lost(c: Context<HttpEnv>): Promise<Response | null> {
    c.status(404)
    return this.answer(c, '/index.html')
  }
}

function readWebFile(path: string, name: string): WebFile {
  const bytes = readFileSync(path)
  const extension = extname(name).toLowerCase()
  return {
    bytes,
    type: TYPES[extension] ?? 'application/octet-stream',
    // Weak: the same for every encoding of the file.
    etag: `W/"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
    immutable: name.startsWith('/assets/'),
    compressible: COMPRESSIBLE.has(extension) && bytes.length >= WORTH_COMPRESSING,
    encoded: {},
  }
}

function encodingFor(accepted = ''): Encoding | null {
  const wanted = accepted.split(',').filter((part) => !/;\s*q=0(\.0*)?\s*$/.test(part))
  const names = new Set(wanted.map((part) => part.split(';', 1)[0]?.trim()))
  if (names.has('br')) return 'br'
  return names.has('gzip') ? 'gzip' : null
}

async function compress(bytes: Bytes, encoding: Encoding): Promise<Bytes> {
  return encoding === 'br'
    ? promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 7 } })
    : promisify(gzip)(bytes)
}
