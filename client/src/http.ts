import { clientClosed, YeoulError } from './errors.ts'
import type { Surroundings } from './platform.ts'

export interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Under /api/v1, its parts encoded already (see `path`). */
  path: string
  query?: Record<string, string | number | boolean | undefined>
  body?: unknown
  headers?: Record<string, string>
  /** `include` where a cookie must travel, also to another origin. */
  credentials?: 'include'
}

/** A path whose inserted parts are encoded. */
export function path(parts: TemplateStringsArray, ...values: (string | number)[]): string {
  return parts.reduce((sum, part, i) => sum + encodeURIComponent(values[i - 1] ?? '') + part)
}

/** One HTTP request after another: JSON both ways, a bound on the time, problem documents as YeoulError. */
export class Http {
  readonly #around: Surroundings
  readonly #running = new Set<AbortController>()
  #closed = false

  constructor(around: Surroundings) {
    this.#around = around
  }

  async call<T>(call: Call, token?: string): Promise<T> {
    if (this.#closed) throw clientClosed()
    const headers: Record<string, string> = { accept: 'application/json', ...call.headers }
    if (token !== undefined) headers.authorization = `Bearer ${token}`
    if (call.body !== undefined) headers['content-type'] = 'application/json'
    const init: RequestInit = { method: call.method, headers, credentials: call.credentials ?? 'same-origin' }
    if (call.body !== undefined) init.body = JSON.stringify(call.body)

    const abort = new AbortController()
    const { clock, tuning } = this.#around
    let late = false
    const timer = clock.setTimeout(() => {
      late = true
      abort.abort()
    }, tuning.timeoutMs)
    this.#running.add(abort)
    try {
      const response = await this.#around.fetch(this.#address(call), { ...init, signal: abort.signal })
      const text = await response.text()
      if (!response.ok) throw problemOf(response, text)
      return (text === '' ? undefined : parse(text)) as T
    } catch (error) {
      if (error instanceof YeoulError) throw error
      if (this.#closed) throw clientClosed()
      if (late) throw new YeoulError('timeout', 'The server did not answer in time.', true)
      throw new YeoulError('network', error instanceof Error ? error.message : String(error), true)
    } finally {
      clock.clearTimeout(timer)
      this.#running.delete(abort)
    }
  }

  close(): void {
    this.#closed = true
    for (const abort of this.#running) abort.abort()
  }

  #address(call: Call): string {
    const query = new URLSearchParams()
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined) query.set(name, String(value))
    }
    return `${this.#around.url}/api/v1${call.path}${query.size === 0 ? '' : `?${query}`}`
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new YeoulError('bad_answer', 'The answer is not JSON.', true)
  }
}

/** The error of a problem document; of anything else (a proxy's page, say) by its status alone. */
function problemOf(response: Response, text: string): YeoulError {
  const header = Number(response.headers.get('retry-after'))
  const wait = header > 0 ? header * 1_000 : undefined
  try {
    const { code, detail, title, retryable, retryAfterMs } = JSON.parse(text)
    if (typeof code === 'string') {
      return new YeoulError(
        code as YeoulError['code'],
        detail ?? title ?? code,
        retryable === true,
        retryAfterMs ?? wait,
      )
    }
  } catch {
    // Not a problem document.
  }
  const retryable = response.status >= 500 || response.status === 429
  return new YeoulError('bad_answer', `The server answered ${response.status}.`, retryable, wait)
}
