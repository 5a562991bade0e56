import pg from 'pg'

const CHANNEL = 'yeoul_missed'
/** What is told in this time is told together, so that a node in trouble is no burden on the database. */
const GATHER_MS = 100
const AGAIN_MS = 1_000
const CONNECT_MS = 2_500
const ANSWER_MS = 8_000
/** PostgreSQL takes payloads of less than 8,000 bytes; a longer list is told as "any". */
const PAYLOAD_MAX = 7_000
const ANY = '*'

/**
 * A second way from node to node, through the database, for the little that must arrive when the bus cannot carry it: in
 * which partitions something is new. A node that alone is cut off from the bus is heard by it.
 */
export class Signals {
  readonly #url: string
  readonly #node: string
  #handler: (tags: string[] | null) => void = () => {}
  #client: pg.Client | null = null
  #waiting = new Set<string>()
  #timer: NodeJS.Timeout | null = null
  #closed = false

  /** `node` names this node: what it tells does not come back to it. */
  constructor(url: string, node: string) {
    this.#url = url
    this.#node = node
    void this.#connect()
  }

  /** `handler` gets the tags that other nodes tell; null when any may have been told, and not heard. */
  listen(handler: (tags: string[] | null) => void): void {
    this.#handler = handler
  }

  /** Never waits, never fails: what cannot be told now is told as soon as it can. */
  tell(tag: string): void {
    this.#waiting.add(tag)
    this.#timer ??= setTimeout(() => void this.#send(), GATHER_MS).unref()
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#client?.end().catch(() => {})
  }

  async #send(): Promise<void> {
    this.#timer = null
    const client = this.#client
    // Told when there is a connection again.
    if (client === null || this.#waiting.size === 0) return
    const tags = [...this.#waiting]
    this.#waiting.clear()
    const list = tags.join(',')
    try {
      const payload = `${this.#node} ${list.length > PAYLOAD_MAX ? ANY : list}`
      await client.query('SELECT pg_notify($1, $2)', [CHANNEL, payload])
    } catch {
      for (const tag of tags) this.#waiting.add(tag)
      this.#lost(client)
    }
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#url,
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: ANSWER_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      application_name: 'yeoul signals',
    })
    client.on('error', () => this.#lost(client))
    client.on('end', () => this.#lost(client))
    client.on('notification', ({ payload = '' }) => this.#heard(payload))
    try {
      await client.connect()
      await client.query(`LISTEN ${CHANNEL}`)
    } catch {
      this.#retry(client)
      return
    }
    if (this.#closed) return void client.end().catch(() => {})
    this.#client = client
    // While there was no connection others may have told something.
    this.#handler(null)
    if (this.#waiting.size > 0) void this.#send()
  }

  #heard(payload: string): void {
    const space = payload.indexOf(' ')
    if (payload.slice(0, space) === this.#node) return
    const list = payload.slice(space + 1)
    this.#handler(list === ANY ? null : list.split(','))
  }

  #lost(client: pg.Client): void {
    if (this.#client !== client) return
    this.#client = null
    this.#retry(client)
  }

  #retry(client: pg.Client): void {
    client.end().catch(() => {})
    if (!this.#closed) setTimeout(() => void this.#connect(), AGAIN_MS).unref()
  }
}
