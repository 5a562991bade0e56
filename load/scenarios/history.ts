import { Fleet } from '../generator/fleet.ts'
import { Latency } from '../measure/latency.ts'
import { delays, number } from '../measure/report.ts'
import { Yeoul } from '../servers/yeoul-server.ts'
import { fill } from './fill.ts'
import type { Scenario } from './scenario.ts'

export const history: Scenario = {
  name: 'history',
  about: 'pages of 50 out of a room with a great many messages, over HTTP',
  options: {
    messages: { quick: 1_000_000, full: 1_000_000, about: 'messages in the room' },
    rate: { quick: 200, full: 200, about: 'pages a second; every other one the newest, the rest anywhere' },
    'warm-up': { quick: 3, full: 5, about: 'seconds before measuring' },
    seconds: { quick: 10, full: 30, about: 'seconds measured' },
  },
  async run(options) {
    const yeoul = await Yeoul.start(20)
    try {
      const room = await yeoul.createRoom('a long history', yeoul.people)
      const reader = yeoul.people[0]!
      const first = (await yeoul.head(reader, room)) + 1
      const last = first + options.messages! - 1
      await yeoul.whileStopped((database) => fill(database, room, options.messages!))
      const fleet = Fleet.idle(1)
      try {
        const { host, port } = yeoul.server.target
        const cpu = yeoul.server.cpuSeconds
        const read = await fleet.pagesOn(0, {
          host,
          port,
          token: reader.token,
          room,
          first,
          last,
          rate: options.rate!,
          pageSize: 50,
          warmUpSeconds: options['warm-up']!,
          seconds: options.seconds!,
        })
        const perPage = (yeoul.server.cpuSeconds - cpu) / read.pages
        const newest = Latency.merged([read.newest]).summary()
        const anywhere = Latency.merged([read.anywhere]).summary()
        return {
          tables: [
            {
              title: `history: ${number(options.messages!)} messages, ${options.rate} pages a second`,
              columns: ['page of 50', 'pages', 'p50 ms', 'p99 ms', 'p99.9 ms', 'max ms'],
              rows: [
                ['the newest', String(newest.count), ...delays(newest)],
                ['anywhere', String(anywhere.count), ...delays(anywhere)],
              ],
            },
          ],
          invariants: {
            'every page was answered': read.failed === 0,
            'every page was the contiguous run that was asked for': read.wrong === 0,
          },
          notes: [`${(perPage * 1000).toFixed(2)} ms of server CPU a page.`],
          data: { newest, anywhere, cpuSecondsPerPage: perPage, failed: read.failed, wrong: read.wrong },
        }
      } finally {
        await fleet.close()
      }
    } finally {
      await yeoul.stop()
    }
  },
}
