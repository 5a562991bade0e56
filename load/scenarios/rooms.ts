import type { ConnectionSpec } from '../generator/connection.ts'
import { Fleet } from '../generator/fleet.ts'
import { invariantsOf, type Measurement, measure } from '../measure/measure.ts'
import { delays, number } from '../measure/report.ts'
import { Yeoul } from '../servers/yeoul-server.ts'
import { type Options, type Outcome, prefixed, reportOf, type Scenario } from './scenario.ts'

/** Of each room: every message is delivered so many times, whatever the number of rooms. */
const LISTENERS = 2
/** Rooms that are made at a time. */
const PARALLEL = 16

interface Result {
  rooms: number
  measured: Measurement
  /** Messages that shared a commit. */
  batch: number
}

export const rooms: Scenario = {
  name: 'rooms',
  about: 'the same messages over more and more rooms: what a message costs should not depend on how many there are',
  options: {
    from: { quick: 10, full: 10, about: 'rooms of the first step; each step has ten times as many' },
    to: { quick: 10_000, full: 10_000, about: 'rooms of the last step' },
    talkers: { quick: 1_000, full: 1_000, about: 'connections that send, in all rooms in turn' },
    listeners: { quick: 500, full: 500, about: `connections that are subscribed; ${LISTENERS} to each room` },
    rate: { quick: 2_000, full: 2_000, about: 'messages a second over all rooms' },
    body: { quick: 64, full: 64, about: 'characters of a message' },
    'warm-up': { quick: 3, full: 5, about: 'seconds before measuring' },
    seconds: { quick: 6, full: 20, about: 'seconds measured' },
  },
  run,
}

async function run(options: Options): Promise<Outcome> {
  const results: Result[] = []
  const invariants: Record<string, boolean> = {}
  for (let count = options.from!; count <= options.to!; count *= 10) {
    const result = await measureRooms(count, options)
    results.push(result)
    Object.assign(
      invariants,
      prefixed(
        `${count} rooms`,
        invariantsOf(result.measured, () => LISTENERS),
      ),
    )
  }
  const first = results[0]!
  return {
    tables: [
      {
        title: `rooms: ${options.rate} messages/s, each delivered to ${LISTENERS}`,
        columns: [
          'rooms',
          'sent/s',
          'server cores',
          'µs of CPU a message',
          `times ${first.rooms} rooms`,
          'write calls a message',
          'messages/commit',
          'p50 ms',
          'p99 ms',
          'p99.9 ms',
          'max ms',
          'RSS MiB',
          'generator cores',
          'other cores',
        ],
        rows: results.map(({ rooms: count, measured: m, batch }) => [
          number(count),
          number(m.acknowledgedPerSecond),
          m.serverCores.toFixed(2),
          number(microsOf(m)),
          (microsOf(m) / microsOf(first.measured)).toFixed(2),
          m.writeCalls === null ? '–' : (m.writeCalls / (m.acknowledgedPerSecond * m.seconds)).toFixed(2),
          batch.toFixed(1),
          ...delays(m.delivery),
          m.serverResidentMiB.toFixed(0),
          m.generatorCores.toFixed(2),
          m.otherCores.toFixed(2),
        ]),
      },
    ],
    invariants,
    notes: [
      'Fewer rooms are busier each: their messages share writes to the listeners and pages of the database, which is why they cost less.',
    ],
    data: Object.fromEntries(results.map((one) => [one.rooms, { batch: one.batch, ...reportOf(one.measured) }])),
  }
}

function microsOf(measured: Measurement): number {
  return (measured.serverCores / Math.max(1, measured.acknowledgedPerSecond)) * 1e6
}

async function measureRooms(count: number, options: Options): Promise<Result> {
  const talkers = options.talkers!
  const listeners = options.listeners!
  const yeoul = await Yeoul.start(talkers + listeners)
  try {
    const specs = yeoul.people.map(({ token }, i): ConnectionSpec => {
      const listens = i >= talkers
      return { token, from: listens ? '127.0.0.3' : '127.0.0.2', subscribe: [], sendTo: [], sampled: listens }
    })
    const waiting = Array.from({ length: count }, (_, i) => i).values()
    await Promise.all(
      Array.from({ length: PARALLEL }, async () => {
        for (const i of waiting) {
          // With fewer rooms than talkers a room has several; with more, a talker has several.
          const talking: number[] = []
          for (let k = i % talkers; k < talkers; k += count) talking.push(k)
          const listening = Array.from({ length: LISTENERS }, (_, k) => talkers + ((i * LISTENERS + k) % listeners))
          const room = await yeoul.createRoom(
            `room ${i}`,
            [...talking, ...listening].map((k) => yeoul.people[k]!),
          )
          for (const k of talking) specs[k]!.sendTo.push(room)
          for (const k of listening) specs[k]!.subscribe.push(room)
        }
      }),
    )
    const fleet = await Fleet.open(yeoul.server.target, [specs.slice(0, talkers), specs.slice(talkers)])
    try {
      const before = await yeoul.metrics()
      const measured = await measure(fleet, yeoul.server, {
        rate: options.rate!,
        bodyLength: options.body!,
        warmUpSeconds: options['warm-up']!,
        seconds: options.seconds!,
        senders: [0],
        generators: 2,
      })
      const after = await yeoul.metrics()
      const batches = after.growth(before, 'yeoul_append_batch_size_count')
      return { rooms: count, measured, batch: after.growth(before, 'yeoul_append_batch_size_sum') / batches }
    } finally {
      await fleet.close()
    }
  } finally {
    await yeoul.stop()
  }
}
