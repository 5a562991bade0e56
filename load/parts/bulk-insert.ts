/**
 * Ways to bring a batch of messages into PostgreSQL such that a repeat is stored once: `node load/parts/bulk-insert.ts [rows]`. A
 * database of its own, synced, on this machine; the real table with its real indexes. CPU is that of the backend and of
 * this process, which holds also where the machine is shared.
 */
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { startPostgres } from '../../deploy/local/postgres.ts'
import { numbers, texts } from '../../src/adapters/sql/postgres/arrays.ts'
import { migrate } from '../../src/adapters/sql/postgres/migrate.ts'
import { newId } from '../../src/core/ids.ts'

const ROWS = Number(process.argv[2] ?? 20_000)
const BATCHES = [100, 500, 1_000, 2_000]
const ROOMS = 500
const USERS = 5_000
const BODY = '안녕하세요, this is a message of about the usual length.'
/** Clock ticks of /proc in a second: the same on every Linux that Node runs on. */
const TICKS = 100

const COLUMNS = ['room_pk', 'seq', 'type', 'at', 'actor_pk', 'n', 'client_message_id', 'body', 'rev'] as const
const TYPES = ['bigint', 'bigint', 'bigint', 'bigint', 'bigint', 'bigint', 'text', 'text', 'bigint'] as const
const NAMES = COLUMNS.join(', ')
const ONCE = 'ON CONFLICT (room_pk, actor_pk, client_message_id) WHERE client_message_id IS NOT NULL DO NOTHING'

type Row = [number, number, number, number, number, number, string, string, number]

/** One way: stores a batch in one transaction. */
interface Way {
  name: string
  store(client: pg.Client, rows: Row[]): Promise<unknown>
}

const WAYS: Way[] = [
  {
    name: 'UNNEST, ON CONFLICT',
    store: (client, rows) => client.query({ name: 'unnest', text: `${UNNESTED} ${ONCE}`, values: columnsOf(rows) }),
  },
  {
    name: 'look, then UNNEST',
    async store(client, rows) {
      const columns = columnsOf(rows)
      await client.query('BEGIN')
      const repeats = await client.query({ name: 'look', text: LOOK, values: [columns[0], columns[4], columns[6]] })
      if (repeats.rows.length > 0) throw new Error('there is no repeat here')
      await client.query({ name: 'plain', text: UNNESTED, values: columns })
      await client.query('COMMIT')
    },
  },
  {
    name: 'VALUES, ON CONFLICT',
    store(client, rows) {
      const values = rows.map((_, i) => `(${COLUMNS.map((_, k) => `$${i * COLUMNS.length + k + 1}`).join(',')})`)
      const text = `INSERT INTO events (${NAMES}) VALUES ${values.join(',')} ${ONCE}`
      return client.query({ name: `values${rows.length}`, text, values: rows.flat() })
    },
  },
  {
    name: 'COPY aside, ON CONFLICT',
    async store(client, rows) {
      await client.query('BEGIN')
      await client.query('TRUNCATE aside')
      await copy(client, 'aside', rows)
      await client.query(`INSERT INTO events (${NAMES}) SELECT ${NAMES} FROM aside ${ONCE}`)
      await client.query('COMMIT')
    },
  },
  { name: 'COPY (a repeat fails it)', store: (client, rows) => copy(client, 'events', rows) },
]

const UNNESTED = `
  INSERT INTO events (${NAMES})
  SELECT * FROM unnest(${TYPES.map((type, i) => `$${i + 1}::${type}[]`).join(', ')})`
const LOOK = `
  SELECT e.seq FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS d (room_pk, actor_pk, id)
  JOIN events e ON e.room_pk = d.room_pk AND e.actor_pk = d.actor_pk AND e.client_message_id = d.id`

function columnsOf(rows: Row[]): (string | null)[] {
  return TYPES.map((type, i) => {
    const column = rows.map((row) => row[i])
    return type === 'text' ? texts(column as string[]) : numbers(column as number[])
  })
}

/** COPY in its text format; no value here needs escaping. */
function copy(client: pg.Client, table: string, rows: Row[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const text = rows.map((row) => `${row.join('\t')}\n`).join('')
    client.query(new Copy(`COPY ${table} (${NAMES}) FROM STDIN`, text, (error) => (error ? reject(error) : resolve())))
  })
}

/** What pg calls while a COPY is under way; it has no way of its own for it. */
class Copy {
  readonly #sql: string
  readonly #text: string
  callback: (error?: Error) => void

  constructor(sql: string, text: string, callback: (error?: Error) => void) {
    this.#sql = sql
    this.#text = text
    this.callback = callback
  }
  submit(connection: pg.Connection): void {
    connection.query(this.#sql)
  }
  handleCopyInResponse(connection: pg.Connection): void {
    const wire = connection as unknown as { sendCopyFromChunk(chunk: Buffer): void; endCopyFrom(): void }
    wire.sendCopyFromChunk(Buffer.from(this.#text))
    wire.endCopyFrom()
  }
  handleError(error: Error): void {
    this.callback(error)
  }
  handleReadyForQuery(): void {
    this.callback()
  }
  handleCommandComplete(): void {}
  handleRowDescription(): void {}
  handleDataRow(): void {}
}

function* batchesOf(size: number): Generator<Row[]> {
  const seqs = new Array<number>(ROOMS).fill(0)
  const at = Date.now()
  for (let made = 0; made < ROWS; ) {
    const rows: Row[] = []
    for (; rows.length < size; made++) {
      const room = made % ROOMS
      const seq = (seqs[room] as number) + 1
      seqs[room] = seq
      rows.push([room + 1, seq, 0, at, (made % USERS) + 1, seq, newId(), BODY, seq])
    }
    yield rows
  }
}

/** CPU seconds that a process has used so far. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

async function measure(client: pg.Client, backend: number, way: Way, size: number): Promise<string[]> {
  await client.query('TRUNCATE events; CHECKPOINT')
  // What is prepared once is not measured.
  await way.store(client, [...batchesOf(size)][0] as Row[])
  await client.query('TRUNCATE events')
  const batches = [...batchesOf(size)]
  const rows = batches.length * size
  const lsn = async () => (await client.query('SELECT pg_current_wal_lsn() AS lsn')).rows[0].lsn
  const wal = await lsn()
  const [began, cpu, own] = [performance.now(), cpuOf(backend), process.cpuUsage()]
  for (const batch of batches) await way.store(client, batch)
  const seconds = (performance.now() - began) / 1_000
  const { user, system } = process.cpuUsage(own)
  const stored = (await client.query('SELECT count(*)::int AS rows FROM events')).rows[0].rows
  if (stored !== rows) throw new Error(`${way.name} stored ${stored} rows of ${rows}`)
  const bytes = Number((await client.query(`SELECT pg_current_wal_lsn() - '${wal}' AS bytes`)).rows[0].bytes)
  return [
    way.name,
    String(size),
    Math.round(rows / seconds).toLocaleString('en'),
    (((cpuOf(backend) - cpu) / rows) * 1e6).toFixed(1),
    ((user + system) / rows).toFixed(1),
    Math.round(bytes / rows).toString(),
  ]
}

const postgres = await startPostgres({ settings: { max_wal_size: '2GB' } })
try {
  await migrate(postgres.url, 64)
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  // As the store plans: by index, once.
  await client.query(
    'SET jit = off; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off',
  )
  await client.query('SET plan_cache_mode = force_generic_plan')
  await client.query(`CREATE TEMP TABLE aside AS SELECT ${NAMES} FROM events WHERE false`)
  const backend = (await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid
  console.log('| way | rows a batch | rows/s | backend CPU, µs a row | our CPU, µs a row | WAL, bytes a row |')
  console.log('|---|---|---|---|---|---|')
  for (const way of WAYS) {
    for (const size of BATCHES) console.log(`| ${(await measure(client, backend, way, size)).join(' | ')} |`)
  }
  await client.end()
} finally {
  await postgres.stop()
}
