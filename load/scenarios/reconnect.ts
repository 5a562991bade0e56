import { nowMicros, sleep } from '../generator/clock.ts'
import { crowd, type Membership } from '../generator/crowd.ts'
import { Fleet } from '../generator/fleet.ts'
import { Latency } from '../measure/latency.ts'
import { millis } from '../measure/report.ts'
import { Yeoul } from '../servers/yeoul-server.ts'
import type { Scenario } from './scenario.ts'

/** How long the server's own reads (polls that go on without any client) are counted before the cut. */
const QUIET_SECONDS = 4

export const reconnect: Scenario = {
  name: 'reconnect',
  about: 'all connections are cut at once while the talk goes on, and come back',
  options: {
    connections: { quick: 5_000, full: 5_000, about: 'connections that are cut' },
    rooms: { quick: 50, full: 50, about: 'rooms that they are spread over, with one talker each who stays' },
    rate: { quick: 100, full: 100, about: 'messages a second meanwhile' },
    jitter: { quick: 1_000, full: 1_000, about: 'ms over which clients spread their first attempt' },
  },
  async run(options) {
    const perRoom = Math.ceil(options.connections! / options.rooms!)
    const yeoul = await Yeoul.start(options.rooms! * (perRoom + 1))
    try {
      const memberships: Membership[] = []
      for (let i = 0; i < options.rooms!; i++) {
        const people = yeoul.people.slice(i * (perRoom + 1), (i + 1) * (perRoom + 1))
        memberships.push({ room: await yeoul.createRoom(`room ${i}`, people), people })
      }
      const groups = crowd(memberships, 1, 2)
      const count = groups[1]!.length + groups[2]!.length
      const fleet = await Fleet.open(yeoul.server.target, groups)
      try {
        const startAt = nowMicros() + 100_000
        const talk = fleet.runOn(
          0,
          { rate: options.rate!, bodyLength: 64, startAt, windowFrom: startAt, windowTo: startAt + 15e6 },
          15_000,
        )
        await sleep(1_000)
        const quiet = await yeoul.metrics()
        await sleep(QUIET_SECONDS * 1000)
        const before = await yeoul.metrics()
        const cpuBefore = yeoul.server.cpuSeconds
        const began = performance.now()
        const cuts = await Promise.all([1, 2].map((group) => fleet.cutOn(group, options.jitter!, 60_000)))
        const after = await yeoul.metrics()
        const cpu = yeoul.server.cpuSeconds - cpuBefore
        const ran = await talk
        const { rooms } = (await fleet.totals()).tally
        const verdict = await fleet.settle(
          Object.fromEntries(Object.entries(rooms).map(([room, { head }]) => [room, head])),
          15_000,
        )
        const { tally, acknowledgements } = await fleet.totals()
        const expected = Object.values(rooms).reduce((sum, room) => sum + (room.head - room.start) * (perRoom + 1), 0)
        const times = Latency.merged(cuts.map((cut) => cut.times)).summary()
        const recovered = cuts.reduce((sum, cut) => sum + cut.recovered, 0)
        const retries = cuts.reduce((sum, cut) => sum + cut.retries, 0)
        const seconds = (performance.now() - began) / 1000
        const reads = after.growth(before, 'yeoul_store_reads_total')
        const background = (before.growth(quiet, 'yeoul_store_reads_total') / QUIET_SECONDS) * seconds
        const hashes = after.growth(before, 'yeoul_password_hashes_total')
        return {
          tables: [
            {
              title: `reconnect: ${count} connections cut at once, ${options.rate} messages a second meanwhile`,
              columns: [
                'recovered',
                'p50 s',
                'p99 s',
                'all s',
                'retries',
                'caught up',
                'database reads (background)',
                'password hashes',
                'CPU ms each',
                'ack p99 ms',
                'lost',
                'dup.',
                'disord.',
              ],
              rows: [
                [
                  `${recovered} of ${count}`,
                  (times.p50 / 1000).toFixed(2),
                  (times.p99 / 1000).toFixed(2),
                  (times.max / 1000).toFixed(2),
                  String(retries),
                  String(tally.caughtUp),
                  `${reads} (${background.toFixed(0)})`,
                  String(hashes),
                  ((cpu / count) * 1000).toFixed(2),
                  millis(acknowledgements.summary().p99),
                  String(verdict.lost),
                  String(verdict.duplicated),
                  String(verdict.outOfOrder),
                ],
              ],
            },
          ],
          invariants: {
            'everyone is back': recovered === count,
            'every position was recovered': tally.notRecovered === 0,
            'lost 0': verdict.lost === 0,
            'duplicated 0': verdict.duplicated === 0,
            'out of order 0': verdict.outOfOrder === 0,
            'every subscriber received every message': verdict.received === expected,
            'no database read beyond the background’s': reads <= background + 5,
            'no password hash': hashes === 0,
            'who talked meanwhile was acknowledged': ran.unacknowledged === 0 && ran.unsent === 0,
          },
          notes: [
            `Times count from the cut and include the clients’ own jitter of up to ${options.jitter} ms. In brackets: the reads that the server does anyway in that time.`,
          ],
          data: {
            times,
            recovered,
            retries,
            reads,
            hashes,
            cpuSeconds: cpu,
            verdict,
            tally: { ...tally, rooms: undefined },
          },
        }
      } finally {
        await fleet.close()
      }
    } finally {
      await yeoul.stop()
    }
  },
}
