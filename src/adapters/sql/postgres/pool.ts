import type { Writable } from 'node:stream'
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely'
import pg from 'pg'
import { YeoulError } from '../../../protocol/errors.ts'
import type { Tables } from '../tables.ts'
import { ConnectionLost } from './failure.ts'

/** SQL that is prepared once for each connection. Its rows come as arrays. */
export interface Statement {
  name: string
  text: string
}

/** How long a connection may take to be made, and to be free. */
const CONNECT_MS = 2_500
const FREE_MS = 5_000
/** How long the server may take to say goodbye. */
const GOODBYE_MS = 1_000
/** The server gives a statement up before we do, so that nothing is under way of which nobody waits for the end. */
const STATEMENT_MS = 7_000
const ANSWER_MS = 8_000
/** A node that stops in the middle of a transaction keeps its rooms from the others no longer than this. */
const IDLE_IN_TRANSACTION_MS = 5_000

/**
 * Whatever is asked here is a few keys of an index, or a page in its order. A plan that was made while a table was small must
 * not go through all of it once it is large: neither to find rows, nor to keep them aside (`material`), nor to sort them.
 */
const WAYS_ROUND = ['seqscan', 'hashjoin', 'mergejoin', 'material', 'bitmapscan', 'sort']
const BY_INDEX = WAYS_ROUND.map((way) => `SET enable_${way} = off`).join('; ')
const NO_JIT = 'SET jit = off'
/** What is acknowledged is on the disk (P1), also where the database is set up to hurry. Stricter settings stay. */
const SYNCED =
  "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
/** A batch is planned once, not for each number of rows anew. */
const PLANNED_ONCE = 'SET plan_cache_mode = force_generic_plan'

export interface PoolOptions {
  /** The most connections. */
  size: number
  /** Whether statements are planned once for all numbers of rows. */
  plannedOnce: boolean
  /** Told of each connection that was lost, or could not be made. */
  lost(error: Error): void
  /** Told of each call that was answered. */
  answered?(): void
}

/** Connections to one database. Calls wait for a free one, but not for long. */
export class Pool {
  readonly #pool: pg.Pool
  readonly #connections = new WeakMap<pg.PoolClient, Connection>()
  readonly #options: PoolOptions
  readonly #clients = new Set<pg.PoolClient>()
  #free: number
  /** When a connection was lost last: those that have said nothing since are not trusted. performance.now() */
  #lostAt = 0
  readonly #waiting = new Set<() => void>()
  /** How many statements were sent. */
  readonly counts = { statements: 0 }

  constructor(url: string, options: PoolOptions) {
    this.#free = options.size
    this.#options = options
    this.#pool = new pg.Pool({
      connectionString: url,
      max: options.size,
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: ANSWER_MS,
      statement_timeout: STATEMENT_MS,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      idleTimeoutMillis: 60_000,
      application_name: 'yeoul',
      // Statements that need no answer of each other travel together.
      pipeline: true,
      types: NUMBERS,
    } as pg.PoolConfig)
    const settings = [SYNCED, BY_INDEX, NO_JIT, ...(options.plannedOnce ? [PLANNED_ONCE] : [])].join('; ')
    this.#pool.on('error', (error) => options.lost(error))
    this.#pool.on('connect', (client) => {
      // While it is in use its calls tell of what happens to it.
      client.on('error', () => {})
      this.#clients.add(client)
      client.once('end', () => this.#clients.delete(client))
      client.query(settings).catch(() => {})
    })
  }

  /**
   * Lends a connection to `work`. One that was lost does not come back. Rejects `ConnectionLost` when none can be made, and
   * `unavailable` when none comes free.
   */
  async use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await this.#comesFree()
    try {
      return await this.#lend(work)
    } finally {
      const [next] = this.#waiting
      if (next === undefined) this.#free++
      else next()
    }
  }

  /** Waits behind those that came before. The pool's own queue counts this against the time for making a connection. */
  #comesFree(): Promise<void> {
    return new Promise((resolve, reject) => {
      const take = () => {
        this.#waiting.delete(take)
        clearTimeout(late)
        resolve()
      }
      const late = setTimeout(() => {
        this.#waiting.delete(take)
        reject(new YeoulError('unavailable', 'The database: no connection comes free'))
      }, FREE_MS)
      this.#waiting.add(take)
    })
  }

  async #lend<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const { client, connection } = await this.#trusted()
    let broken = false
    try {
      const value = await work(connection)
      this.#options.answered?.()
      return value
    } catch (error) {
      broken = error instanceof ConnectionLost
      if (broken) {
        this.#lostAt = performance.now()
        this.#options.lost(error as Error)
      }
      throw error
    } finally {
      client.release(broken)
    }
  }

  /** Where one way was lost without a word the others may be too: nobody tries them out, each for its full time. */
  async #trusted(): Promise<{ client: pg.PoolClient; connection: Connection }> {
    for (;;) {
      const client = await this.#connect()
      let connection = this.#connections.get(client)
      if (connection === undefined) {
        connection = new Connection(client, this.counts)
        this.#connections.set(client, connection)
      }
      if (connection.heardAt >= this.#lostAt) return { client, connection }
      client.release(true)
    }
  }

  /** Waits for what is in use, then closes all. A server that does not answer is not waited for. */
  async end(): Promise<void> {
    const deaf = setTimeout(() => {
      for (const client of this.#clients) wireOf(client).destroy()
    }, GOODBYE_MS)
    await this.#pool.end()
    clearTimeout(deaf)
  }

  async #connect(): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect()
    } catch (error) {
      const lost = new ConnectionLost(error)
      this.#options.lost(lost)
      throw lost
    }
  }
}

/** One connection, with kysely for everyday paths and prepared statements for hot ones. */
export class Connection {
  readonly db: Kysely<Tables>
  /** When the server answered last. performance.now() */
  heardAt = performance.now()
  readonly #client: pg.PoolClient
  readonly #counts: { statements: number }

  constructor(client: pg.PoolClient, counts: { statements: number }) {
    this.#client = client
    this.#counts = counts
    this.db = new Kysely<Tables>({
      dialect: {
        createAdapter: () => new PostgresAdapter(),
        createDriver: () => new OneConnection((query) => this.#kysely(query)),
        createIntrospector: (db) => new PostgresIntrospector(db),
        createQueryCompiler: () => new PostgresQueryCompiler(),
      },
    })
  }

  /** The rows of a prepared statement. Rejects `ConnectionLost`, or what PostgreSQL says is wrong. */
  async rows<Row>(statement: Statement, values: unknown[]): Promise<Row[]> {
    const { name, text } = statement
    return (await this.#query({ name, text, values, rowMode: 'array' })).rows as Row[]
  }

  /** Sends a command and answers the word with which PostgreSQL says what it did. */
  async command(text: string): Promise<string> {
    return (await this.#query({ text })).command
  }

  async #kysely<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const { rows, rowCount } = await this.#query({ text: sql, values: parameters as unknown[] })
    return { rows: rows as Row[], numAffectedRows: BigInt(rowCount ?? 0) }
  }

  async #query(query: pg.QueryConfig & { rowMode?: 'array' }): Promise<pg.QueryResult> {
    this.#counts.statements++
    this.#gather()
    try {
      const result = await this.#client.query(query)
      this.heardAt = performance.now()
      return result
    } catch (error) {
      // With any other severity the server has ended the connection.
      if (!(error instanceof pg.DatabaseError) || error.severity !== 'ERROR') throw new ConnectionLost(error)
      this.heardAt = performance.now()
      throw error
    }
  }

  /** What is asked in one turn goes out in one piece: the system call costs more than the statement. */
  #gather(): void {
    const wire = wireOf(this.#client)
    if (wire.writableCorked > 0) return
    wire.cork()
    process.nextTick(() => wire.uncork())
  }
}

function wireOf(client: pg.PoolClient): Writable {
  return (client as unknown as { connection: { stream: Writable } }).connection.stream
}

/** Kysely on a connection that somebody else has taken and will give back. */
class OneConnection implements Driver {
  readonly #connection: DatabaseConnection

  constructor(query: <Row>(query: CompiledQuery) => Promise<QueryResult<Row>>) {
    this.#connection = {
      executeQuery: query,
      streamQuery() {
        throw new Error('rows are not streamed here')
      },
    }
  }

  async init(): Promise<void> {}
  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection
  }
  beginTransaction = async () => transactionsAreElsewhere()
  commitTransaction = async () => transactionsAreElsewhere()
  rollbackTransaction = async () => transactionsAreElsewhere()
  async releaseConnection(): Promise<void> {}
  async destroy(): Promise<void> {}
}

function transactionsAreElsewhere(): never {
  throw new Error('transactions are made by Transactions, not by kysely')
}

/** Counters and times fit into JavaScript's numbers. */
export const NUMBERS: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid as number, format as 'text'),
}
