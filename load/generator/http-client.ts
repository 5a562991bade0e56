import { Agent, request } from 'node:http'
import { nowMicros } from './clock.ts'

export interface HttpRequest {
  port: number
  method: 'GET' | 'POST'
  path: string
  /** Without `Bearer`. */
  token?: string
  /** As JSON. */
  body?: unknown
}

export interface HttpAnswer {
  status: number
  body: Buffer
  /** When its first byte was here, in µs of `nowMicros`. */
  firstByteAt: number
}

const PATIENCE_MS = 60_000

/** Asks one host over connections that are kept open. */
export class HttpClient {
  readonly #host: string
  readonly #agent: Agent

  /** `connections`: how many at most to each port. */
  constructor(host: string, connections: number) {
    this.#host = host
    // With a time limit of its own an agent also heeds how long the server keeps idle connections, and closes them first. Were
    // it the same as that of the requests, they would keep the shorter one of an idle connection.
    const kept = { keepAlive: true, maxSockets: connections, maxFreeSockets: connections, timeout: 2 * PATIENCE_MS }
    this.#agent = new Agent(kept)
  }

  /** Resolves with the last byte, whatever the status. Rejects when the connection fails, or nothing comes for a minute. */
  ask({ port, method, path, token, body }: HttpRequest): Promise<HttpAnswer> {
    const text = body === undefined ? null : JSON.stringify(body)
    const headers = {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(text !== null && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    }
    return new Promise((resolve, reject) => {
      const asked = request({ host: this.#host, port, method, path, agent: this.#agent, headers, timeout: PATIENCE_MS })
      asked.on('response', (response) => {
        const firstByteAt = nowMicros()
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('error', reject)
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts), firstByteAt }))
      })
      asked.on('timeout', () => asked.destroy(new Error('no answer')))
      asked.on('error', reject)
      asked.end(text)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}
