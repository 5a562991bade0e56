import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client'
import { Durations } from './core/durations.ts'
import type { Metrics } from './core/metrics.ts'
import type { WorkReadings } from './core/peers.ts'

const SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5]
const SIZES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000]

/** Numbers that are read when Prometheus asks, not counted along the way. */
export interface Readings {
  connections(): number
  sessions(): number
  hotRooms(): number
  pendingAppends(): number
  passwordHashes(): number
  store(): {
    reads: number
    writes: number
    pendingReads: number
    pendingWrites: number
    lostAnswers: number
    /** SQLite alone has it. */
    walBytes?: number
  }
  /** null: there is no network between nodes. */
  bus: (() => BusStats) | null
}

/** What the bus between nodes counts since the start. */
export interface BusStats {
  published: number
  heard: number
  losses: number
  dropped: number
}

/** What the write-back worker says of itself. */
export interface WriteBackReadings {
  partitions: number
  backlog: number
  lagMs: number
  written: number
  statements: number
  parked: number
  parkedNow: number
  settled: number
  failures: number
}

/** All metrics of this process: `core` counts them, `/metrics` tells them. */
export function createMetrics(): Metrics & {
  /** What this node tells the others of its work. */
  work: WorkReadings
  text(): Promise<string>
  read(readings: Readings): void
  /** Of a process that writes the Redis log to the database; to be called once. */
  writeBack(): {
    batchSize: { observe(value: number): void }
    seconds: { observe(value: number): void }
    read(stats: () => WriteBackReadings): void
  }
  stop(): void
} {
  const registers = [new Registry()] as const
  const [registry] = registers
  collectDefaultMetrics({ register: registry })
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name, help, labelNames, registers: [...registers] })
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name, help, buckets, registers: [...registers] })
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers: [...registers],
      collect() {
        this.set(value())
      },
    })
  /** A count that is kept elsewhere. */
  const total = (name: string, help: string, value: () => number) =>
    new Counter({
      name,
      help: `${help} since the start`,
      registers: [...registers],
      collect() {
        this.reset()
        this.inc(value())
      },
    })

  /** A count that is read besides. */
  const counted = (name: string, help: string) => {
    const shown = counter(name, help)
    return {
      soFar: 0,
      inc(by = 1) {
        this.soFar += by
        shown.inc(by)
      },
    }
  }
  /** A measure, one for each batch or flush, of which a percentile is read besides. */
  const timed = (name: string, help: string) => {
    const shown = histogram(name, help, SECONDS)
    const lately = new Durations()
    return {
      lately,
      observe(seconds: number) {
        lately.observe(seconds)
        shown.observe(seconds)
      },
    }
  }

  const accepted = counted('yeoul_messages_accepted_total', 'Messages acknowledged as durable')
  const deliveries = counted('yeoul_deliveries_total', 'Events written, times the connections they were written to')
  const appendSeconds = timed('yeoul_append_seconds', 'From dispatch of a batch to its commit')
  const deliverySeconds = timed('yeoul_delivery_seconds', 'Age of the oldest event of a flush once it is written')
  let backlog = () => 0
  const recoveries = counter('yeoul_recoveries_total', 'Subscriptions and event reads by where they were served from', [
    'result',
  ])
  const slowReaders = counter('yeoul_slow_readers_total', 'Slow connections by what became of them', ['outcome'])
  const rejected = counter('yeoul_rejected_total', 'Errors answered, by code', ['code'])
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  gauge('yeoul_event_loop_lag_p99_seconds', 'Delay of the event loop, p99 since the last reading', () => {
    const p99 = delay.percentile(99) / 1e9
    delay.reset()
    return p99
  })

  return {
    work: {
      messagesAccepted: () => accepted.soFar,
      deliveries: () => deliveries.soFar,
      deliveryP99Ms: () => deliverySeconds.lately.takeP99Ms(),
      ackP99Ms: () => appendSeconds.lately.takeP99Ms(),
      backlog: () => backlog(),
    },
    accepted,
    duplicates: counter('yeoul_messages_duplicate_total', 'Repeats answered with the first seq'),
    appendBatchSize: histogram('yeoul_append_batch_size', 'Drafts that share one commit', SIZES),
    appendSeconds,
    deliverySeconds,
    deliveries,
    flushSeconds: histogram('yeoul_flush_seconds', 'Length of a flush', SECONDS),
    recovery: (result) => recoveries.inc({ result }),
    slowReader: (outcome) => slowReaders.inc({ outcome }),
    rejected: (code) => rejected.inc({ code }),
    text: () => registry.metrics(),
    read(readings) {
      gauge('yeoul_connections', 'Open WebSocket connections', readings.connections)
      gauge('yeoul_sessions', 'Sessions, authenticated or not', readings.sessions)
      gauge('yeoul_hot_rooms', 'Rooms kept in memory', readings.hotRooms)
      gauge('yeoul_pending_appends', 'Drafts that wait for their commit', readings.pendingAppends)
      total('yeoul_password_hashes_total', 'Password hashes computed', readings.passwordHashes)
      total('yeoul_store_reads_total', 'Calls of the database reader', () => readings.store().reads)
      total('yeoul_store_writes_total', 'Calls of the database writer', () => readings.store().writes)
      gauge('yeoul_store_pending_reads', 'Reads that are not answered yet', () => readings.store().pendingReads)
      gauge('yeoul_store_pending_writes', 'Writes that are not answered yet', () => readings.store().pendingWrites)
      gauge('yeoul_store_wal_bytes', 'Write-ahead log at the last checkpoint', () => readings.store().walBytes ?? 0)
      total(
        'yeoul_store_lost_answers_total',
        'Failures of the database whose outcome is not known',
        () => readings.store().lostAnswers,
      )
      const { bus } = readings
      if (bus === null) return
      total('yeoul_bus_published_total', 'Pushes to other nodes', () => bus().published)
      total('yeoul_bus_heard_total', 'Pushes heard', () => bus().heard)
      total('yeoul_bus_losses_total', 'Times that pushes may have been lost; the log was read then', () => bus().losses)
      total('yeoul_bus_dropped_total', 'Notices that could not be published', () => bus().dropped)
    },
    writeBack: () => ({
      batchSize: histogram('yeoul_write_back_batch_size', 'Events that share one statement', SIZES),
      seconds: histogram('yeoul_write_back_seconds', 'From the log to the database, by the oldest of a batch', SECONDS),
      read(stats) {
        backlog = () => stats().backlog
        gauge('yeoul_write_back_partitions', 'Partitions that this worker writes', () => stats().partitions)
        gauge('yeoul_write_back_backlog', 'Events of these that are not in the database', () => stats().backlog)
        gauge('yeoul_write_back_lag_seconds', 'Age of the oldest of these', () => stats().lagMs / 1_000)
        total('yeoul_write_back_events_total', 'Events written', () => stats().written)
        total('yeoul_write_back_statements_total', 'Statements sent for it', () => stats().statements)
        total('yeoul_write_back_parked_total', 'Entries set aside by this worker', () => stats().parked)
        gauge('yeoul_write_back_parked', 'Entries that wait for an operator', () => stats().parkedNow)
        total('yeoul_write_back_epochs_total', 'Partitions whose epoch was raised', () => stats().settled)
        total('yeoul_write_back_failures_total', 'Rounds that failed and were tried again', () => stats().failures)
      },
    }),
    stop: () => delay.disable(),
  }
}
