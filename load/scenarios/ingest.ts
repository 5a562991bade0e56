import type { ConnectionSpec } from '../generator/connection.ts'
import { Fleet } from '../generator/fleet.ts'
import { type Measurement, measure } from '../measure/measure.ts'
import { delays, number } from '../measure/report.ts'
import type { Person } from '../servers/people.ts'
import { Yeoul } from '../servers/yeoul-server.ts'
import { prefixed, reportOf, type Scenario } from './scenario.ts'

export const ingest: Scenario = {
  name: 'ingest',
  about: 'how many messages a second are stored durably, and how soon that is acknowledged',
  options: {
    rate: { quick: 20_000, full: 20_000, about: 'messages a second of the heavy part' },
    'light-rate': { quick: 1_000, full: 1_000, about: 'messages a second of the light part' },
    rooms: { quick: 500, full: 500, about: 'rooms' },
    senders: { quick: 1_000, full: 1_000, about: 'connections that send; nobody is subscribed' },
    body: { quick: 64, full: 64, about: 'characters of a message' },
    'warm-up': { quick: 3, full: 5, about: 'seconds before measuring' },
    seconds: { quick: 10, full: 30, about: 'seconds measured' },
  },
  async run(options) {
    const yeoul = await Yeoul.start(options.senders!)
    try {
      const rooms: { id: string; owner: Person }[] = []
      const specs: ConnectionSpec[] = []
      for (let i = 0; i < options.rooms!; i++) {
        const people = yeoul.people.filter((_, k) => k % options.rooms! === i)
        const id = await yeoul.createRoom(`room ${i}`, people)
        rooms.push({ id, owner: people[0]! })
        for (const { token } of people) {
          specs.push({ token, from: '127.0.0.2', subscribe: [], sendTo: [id], sampled: false })
        }
      }
      const invariants: Record<string, boolean> = {}
      const measured: { name: string; measured: Measurement; batch: number; commitMs: number }[] = []
      for (const [name, rate] of [
        ['light', options['light-rate']!],
        ['heavy', options.rate!],
      ] as const) {
        const headsBefore = await headsOf(yeoul, rooms)
        const metricsBefore = await yeoul.metrics()
        const fleet = await Fleet.open(yeoul.server.target, [specs])
        const one = await measure(fleet, yeoul.server, {
          rate,
          bodyLength: options.body!,
          warmUpSeconds: options['warm-up']!,
          seconds: options.seconds!,
          senders: [0],
          generators: 1,
        }).finally(() => fleet.close())
        const metrics = await yeoul.metrics()
        const batches = metrics.growth(metricsBefore, 'yeoul_append_batch_size_count')
        measured.push({
          name,
          measured: one,
          batch: metrics.growth(metricsBefore, 'yeoul_append_batch_size_sum') / batches,
          commitMs: (1000 * metrics.growth(metricsBefore, 'yeoul_append_seconds_sum')) / batches,
        })
        const { tally } = one.totals
        const stored = (await headsOf(yeoul, rooms)) - headsBefore
        Object.assign(
          invariants,
          prefixed(name, {
            'every message that was due was sent': one.ran.unsent === 0,
            'every message was acknowledged, none refused':
              one.ran.unacknowledged === 0 && Object.keys(tally.refused).length === 0,
            'as many seqs were given as messages were acknowledged': stored === tally.acknowledged,
            'no connection was closed': Object.keys(tally.closed).length === 0,
          }),
        )
      }
      const audit = await yeoul.verify()
      invariants['`yeoul verify` finds nothing wrong'] = audit.sound
      return {
        tables: [
          {
            title: `ingest: ${options.senders} senders in ${options.rooms} rooms, acknowledged when stored`,
            columns: [
              'load',
              'asked/s',
              'stored/s',
              'server cores',
              'stored per CPU-s',
              'ack p50 ms',
              'p99 ms',
              'p99.9 ms',
              'max ms',
              'messages/commit',
              'ms/commit',
              'generator cores',
              'other cores',
            ],
            rows: measured.map(({ name, measured: m, batch, commitMs }) => [
              name,
              number(m.rate),
              number(m.acknowledgedPerSecond),
              m.serverCores.toFixed(2),
              number(m.acknowledgedPerCpuSecond),
              ...delays(m.acknowledgement),
              batch.toFixed(1),
              commitMs.toFixed(1),
              m.generatorCores.toFixed(2),
              m.otherCores.toFixed(2),
            ]),
          },
        ],
        invariants,
        notes: audit.sound ? [] : [audit.output],
        data: Object.fromEntries(measured.map((one) => [one.name, { ...one, measured: reportOf(one.measured) }])),
      }
    } finally {
      await yeoul.stop()
    }
  },
}

/** The sum of all rooms' heads. */
async function headsOf(yeoul: Yeoul, rooms: { id: string; owner: Person }[]): Promise<number> {
  let sum = 0
  for (const { id, owner } of rooms) sum += await yeoul.head(owner, id)
  return sum
}
