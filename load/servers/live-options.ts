import type { Cluster } from '../../deploy/local/cluster.ts'
import { sleep } from '../generator/clock.ts'

/** An option that was changed is in force on every node within a second, in ms with some to spare. */
const IN_FORCE_MS = 1_500

/** The admin of a cluster, who changes options of its nodes while they run. */
export class LiveOptions {
  readonly #url: string
  readonly #token: string

  private constructor(url: string, token: string) {
    this.#url = url
    this.#token = token
  }

  /** Signs up by the one-time link that the cluster printed. */
  static async of(cluster: Cluster): Promise<LiveOptions> {
    const setupToken = cluster.setupUrl?.split('#setup=')[1]
    if (setupToken === undefined) throw new Error('the cluster has an admin already')
    const credentials = { username: 'load-admin', password: 'the admin of a load test', setupToken }
    const { accessToken } = (await ask(cluster.url, 'POST', '/auth/register', credentials)) as { accessToken: string }
    return new LiveOptions(cluster.url, accessToken)
  }

  /** Resolves when the options are in force on every node; null takes one back to what the nodes started with. */
  async change(changes: Record<string, number | null>): Promise<void> {
    await ask(this.#url, 'PATCH', '/admin/config', { changes }, this.#token)
    await sleep(IN_FORCE_MS)
  }
}

async function ask(url: string, method: string, path: string, body: unknown, token?: string): Promise<unknown> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  })
  const answer = await response.json()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`)
  return answer
}
