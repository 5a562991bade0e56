import { cpus } from 'node:os'
import type { ClusterRun } from './cluster-run.ts'
import type { Measurement } from './measure.ts'
import { delays, millis, number, type Table } from './report.ts'

/** Rows of commands and of statements that are shown: the most frequent ones. */
const SHOWN = 8

/** All cores that were in use, whoever used them. */
export function machineCores(measured: Measurement): number {
  return measured.serverCores + measured.generatorCores + measured.otherCores
}

/** What came of each load, one row a run. */
export function runsTable(title: string, rows: { name: string; run: ClusterRun; remark?: string }[]): Table {
  return {
    title,
    columns: [
      'run',
      'sent/s',
      'deliveries/s',
      'p50 ms',
      'p99 ms',
      'p99.9 ms',
      'max ms',
      'ack p50 ms',
      'ack p99 ms',
      'server cores',
      'deliveries per CPU-s',
      'generator cores',
      'other cores',
      'of all cores',
      '',
    ],
    rows: rows.map(({ name, run: { measured: m }, remark = '' }) => [
      name,
      number(m.acknowledgedPerSecond),
      number(m.deliveriesPerSecond),
      ...delays(m.delivery),
      millis(m.acknowledgement.p50),
      millis(m.acknowledgement.p99),
      m.serverCores.toFixed(2),
      number(m.deliveriesPerCpuSecond),
      m.generatorCores.toFixed(2),
      m.otherCores.toFixed(2),
      `${((100 * machineCores(m)) / cpus().length).toFixed(0)} %`,
      remark,
    ]),
  }
}

/** CPU of each process, in cores and for one message. */
export function processTable(title: string, { measured }: ClusterRun): Table {
  const each = Object.entries(measured.coresByPart)
  const row = (name: string, cores: number) => [
    name,
    cores.toFixed(3),
    ((1e6 * cores) / measured.acknowledgedPerSecond).toFixed(0),
    `${((100 * cores) / machineCores(measured)).toFixed(0)} %`,
  ]
  return {
    title,
    columns: ['process', 'cores', 'µs of CPU a message', 'share'],
    rows: [
      ...each.map(([name, cores]) => row(name, cores)),
      row('the server in all', measured.serverCores),
      row('generator', measured.generatorCores),
      row('everything else', measured.otherCores),
    ],
  }
}

/** Cores of each kind of process, so that clusters of different shapes can be laid side by side. */
export function kindsTable(title: string, rows: { name: string; run: ClusterRun }[]): Table {
  const kinds = ['gateway', 'api', 'worker', 'nginx', 'redis', 'postgres']
  return {
    title,
    columns: ['run', ...kinds.map((kind) => (kind === 'gateway' ? 'gateways' : kind)), 'µs a message', 'times'],
    rows: rows.map(({ name, run: { measured } }) => [
      name,
      ...kinds.map((kind) => coresOf(kind, measured).toFixed(2)),
      microsPerMessage(measured).toFixed(0),
      (microsPerMessage(measured) / microsPerMessage(rows[0]!.run.measured)).toFixed(2),
    ]),
  }
}

export function coresOf(kind: string, { coresByPart }: Measurement): number {
  let cores = 0
  for (const [name, used] of Object.entries(coresByPart)) if (name.replace(/-\d+$/, '') === kind) cores += used
  return cores
}

/** Of all processes of the server together. */
export function microsPerMessage(measured: Measurement): number {
  return (1e6 * measured.serverCores) / measured.acknowledgedPerSecond
}

export function redisTable(title: string, { counts, messages }: ClusterRun): Table {
  return {
    title,
    columns: ['command', 'calls per 1,000 messages', 'µs each', 'µs of Redis a message'],
    rows: Object.entries(counts.redis.commands)
      .filter(([, { calls }]) => calls > 0)
      .sort(([, a], [, b]) => b.micros - a.micros)
      .slice(0, SHOWN)
      .map(([name, { calls, micros }]) => [
        name,
        number((1_000 * calls) / messages),
        number(micros / calls),
        number(micros / messages),
      ]),
  }
}

export function postgresTable(title: string, { counts, messages }: ClusterRun): Table {
  return {
    title,
    columns: ['statement', 'calls per 1,000 messages', 'ms each', 'rows each', 'µs of PostgreSQL a message'],
    rows: Object.entries(counts.postgres.statements)
      .filter(([, { calls }]) => calls > 0)
      .sort(([, a], [, b]) => b.millis - a.millis)
      .slice(0, SHOWN)
      .map(([query, { calls, millis: spent, rows }]) => [
        query.slice(0, 60),
        number((1_000 * calls) / messages),
        number(spent / calls),
        number(rows / calls),
        number((1_000 * spent) / messages),
      ]),
  }
}

/** What a message costs Redis and PostgreSQL, as sentences. */
export function backendNotes({ counts: { redis, postgres }, messages }: ClusterRun): string[] {
  const calls = Object.values(redis.commands).reduce((sum, one) => sum + one.calls, 0)
  const statements = Object.values(postgres.statements).reduce((sum, one) => sum + one.calls, 0)
  const told = Object.keys(postgres.statements).length > 0
  const per = (value: number) => number(value / messages)
  return [
    `Redis, for a message: ${per(calls)} commands (those inside functions included), ${per(redis.bytesIn)} bytes in, ` +
      `${per(redis.bytesOut)} bytes out; ${number(redis.memory / 1024 / 1024)} MiB in use at the end.`,
    `PostgreSQL, for 1,000 messages: ${told ? `${per(1_000 * statements)} statements, ` : ''}` +
      `${per(1_000 * postgres.transactions)} transactions, ${per(1_000 * postgres.syncs)} syncs of the log; ` +
      `${per(postgres.walBytes)} bytes of WAL a message.`,
  ]
}

/** Who uses the cores, the largest first. */
export function boundBy({ measured }: ClusterRun): string {
  const kinds = ['gateway', 'worker', 'api', 'nginx', 'redis', 'postgres']
  const used = kinds.map((kind) => [kind, coresOf(kind, measured)] as const)
  used.push(['generator', measured.generatorCores], ['everything else', measured.otherCores])
  const shares = used.filter(([, cores]) => cores >= 0.01).sort((a, b) => b[1] - a[1])
  return shares.map(([kind, cores]) => `${kind} ${cores.toFixed(2)}`).join(', ')
}
