import { once } from 'node:events'
import { join } from 'node:path'
import { exited, startChild } from '../measure/processes.ts'
import { number } from '../measure/report.ts'
import type { FloorPlan, FloorResult } from '../peers/bare-writes.ts'
import type { Scenario } from './scenario.ts'

const PROGRAM = join(import.meta.dirname, '../peers/bare-writes.ts')

export const floor: Scenario = {
  name: 'floor',
  about:
    'what one write to a socket costs this machine by itself: no delivery can be cheaper than its share of a write',
  options: {
    connections: { quick: 1_000, full: 1_000, about: 'connections that are written to in turn' },
    seconds: { quick: 3, full: 10, about: 'seconds measured, for each size' },
  },
  async run(options) {
    const writer = startChild([PROGRAM, 'write'], { ipc: true })
    const [{ port }] = (await once(writer, 'message')) as [{ port: number }]
    const reader = startChild([PROGRAM, 'read', String(port), String(options.connections!)], { ipc: true })
    try {
      await once(reader, 'message')
      const rows: { plan: FloorPlan; result: FloorResult }[] = []
      for (const [bytes, writesPerSecond] of [
        [300, 40_000],
        [12_000, 20_000],
      ] as const) {
        const plan = { bytes, writesPerSecond, seconds: options.seconds! }
        writer.send(plan)
        const [result] = (await once(writer, 'message')) as [FloorResult]
        rows.push({ plan, result })
      }
      return {
        tables: [
          {
            title: `floor: bare writes to ${options.connections} sockets on loopback`,
            columns: ['bytes a write', 'writes/s', 'µs of CPU a write', 'of it in the kernel', 'writes per CPU-s'],
            rows: rows.map(({ plan, result }) => [
              number(plan.bytes),
              number(result.writesPerSecond),
              (result.userMicros + result.systemMicros).toFixed(1),
              result.systemMicros.toFixed(1),
              number(1e6 / (result.userMicros + result.systemMicros)),
            ]),
          },
        ],
        invariants: {},
        notes: [],
        data: { rows },
      }
    } finally {
      for (const child of [writer, reader]) child.disconnect()
      await Promise.all([exited(writer), exited(reader)])
    }
  },
}
