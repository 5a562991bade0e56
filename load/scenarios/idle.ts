import { sleep } from '../generator/clock.ts'
import { crowd, type Membership } from '../generator/crowd.ts'
import { Fleet } from '../generator/fleet.ts'
import { number } from '../measure/report.ts'
import { Yeoul } from '../servers/yeoul-server.ts'
import type { Scenario } from './scenario.ts'

export const idle: Scenario = {
  name: 'idle',
  about: 'what a connection costs that is authenticated, subscribed and silent',
  options: {
    connections: { quick: 10_000, full: 10_000, about: 'connections' },
    'room-size': { quick: 1_000, full: 1_000, about: 'members of a room; each connection is subscribed to one' },
    seconds: { quick: 10, full: 60, about: 'seconds of silence that are measured' },
  },
  async run(options) {
    const count = options.connections!
    const yeoul = await Yeoul.start(count)
    try {
      const memberships: Membership[] = []
      for (let at = 0; at < count; at += options['room-size']!) {
        const people = yeoul.people.slice(at, at + options['room-size']!)
        memberships.push({ room: await yeoul.createRoom(`room ${at}`, people), people })
      }
      const { server } = yeoul
      // The code is warm and the rooms are in memory before the first reading, so that only connections are counted.
      const few = memberships.map(({ room, people }) => ({ room, people: people.slice(0, 20) }))
      const warmUp = await Fleet.open(server.target, crowd(few, 0, 1))
      await sleep(2_000)
      await warmUp.close()
      await sleep(3_000)
      const without = await server.settledBytes()
      const cpuBefore = server.cpuSeconds
      const fleets: Fleet[] = []
      try {
        const readings = [without]
        let openSeconds = 0
        // In two halves: the second one's slope does not depend on what the heap had to spare before the first.
        for (const half of [memberships.slice(0, memberships.length / 2), memberships.slice(memberships.length / 2)]) {
          const began = performance.now()
          fleets.push(await Fleet.open(server.target, crowd(half, 0, 1)))
          openSeconds += (performance.now() - began) / 1000
          await sleep(5_000)
          readings.push(await server.settledBytes())
        }
        const cpuEach = (server.cpuSeconds - cpuBefore) / count
        const cpuIdle = server.cpuSeconds
        await sleep(options.seconds! * 1000)
        const idleCores = (server.cpuSeconds - cpuIdle) / options.seconds!
        const bytes = await server.settledBytes()
        const perConnection = (bytes - without) / count
        const second = (readings[2]! - readings[1]!) / (count / 2)
        const closed = (await Promise.all(fleets.map((fleet) => fleet.totals()))).map((one) => one.tally.closed)
        return {
          tables: [
            {
              title: `idle: ${number(count)} connections, authenticated and subscribed`,
              columns: [
                'RSS without',
                'RSS with',
                'RSS a connection',
                'of the second half',
                'opened/s',
                'CPU ms to open one',
                'server cores when idle',
              ],
              rows: [
                [
                  `${number(without / 2 ** 20)} MiB`,
                  `${number(bytes / 2 ** 20)} MiB`,
                  `${(perConnection / 1024).toFixed(1)} KiB`,
                  `${(second / 1024).toFixed(1)} KiB`,
                  number(count / openSeconds),
                  (cpuEach * 1000).toFixed(2),
                  idleCores.toFixed(3),
                ],
              ],
            },
          ],
          invariants: { 'no connection was closed': closed.every((one) => Object.keys(one).length === 0) },
          notes: [],
          data: { readings, bytes, perConnection, second, openSeconds, cpuSecondsToOpen: cpuEach, idleCores },
        }
      } finally {
        await Promise.all(fleets.map((fleet) => fleet.close()))
      }
    } finally {
      await yeoul.stop()
    }
  },
}
