import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { RedisArgument, RedisLink } from './connection.ts'
import type { RedisServer } from './server.ts'

/**
 * Redis Functions from .lua files, which register each with `register(name, callback, flags?)`; a file may use what the files
 * before it define. Library and functions
 * carry the hash of the text in their names: nodes of different versions use different functions side by side, and a server
 * that does not know one (new, wiped, never told) is told when it says so.
 */
export class Library {
  readonly #code: string
  readonly #hash: string
  #loading = new Map<RedisServer, Promise<unknown>>()

  /** `name` like `bus`; `files` the addresses of the .lua files, in order. */
  constructor(name: string, ...files: [URL, ...URL[]]) {
    const lua = files.map((file) => readFileSync(file, 'utf8')).join('')
    this.#hash = createHash('sha256').update(lua).digest('hex').slice(0, 12)
    // In one line, so that line numbers in errors are those of the first file but for one.
    const register =
      'local function register(name, callback, flags) redis.register_function' +
      `{ function_name = 'yeoul_' .. name .. '_${this.#hash}', callback = callback, flags = flags or {} } end`
    this.#code = `#!lua name=yeoul_${name}_${this.#hash}\n${register} ${lua}`
  }

  /**
   * Calls a function on the server in charge of the first key; all keys must lie in one slot. `args` may be made for the
   * server that is asked. Rejects like `RedisLink.call`.
   */
  async call(
    link: RedisLink,
    name: string,
    keys: [string, ...string[]],
    args: RedisArgument[] | ((server: RedisServer) => RedisArgument[]) = [],
  ): Promise<unknown> {
    let asked: RedisServer | undefined
    const command = (server: RedisServer): RedisArgument[] => {
      asked = server
      return [
        `yeoul_${name}_${this.#hash}`,
        keys.length,
        ...keys,
        ...(typeof args === 'function' ? args(server) : args),
      ]
    }
    try {
      return await link.call(keys[0], 'FCALL', command)
    } catch (error) {
      if (asked === undefined || !(error as Error).message.startsWith('ERR Function not found')) throw error
      await this.#load(asked)
      return await link.call(keys[0], 'FCALL', command)
    }
  }

  #load(server: RedisServer): Promise<unknown> {
    let loading = this.#loading.get(server)
    if (loading === undefined) {
      loading = server.call('FUNCTION', ['LOAD', 'REPLACE', this.#code]).finally(() => this.#loading.delete(server))
      this.#loading.set(server, loading)
    }
    return loading
  }
}
