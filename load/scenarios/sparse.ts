import { fanOutTable } from '../measure/report.ts'
import { fanOutOnSocketIo, fanOutOnYeoul, ratio } from './fan-out.ts'
import { prefixed, reportOf, type Scenario } from './scenario.ts'

export const sparse: Scenario = {
  name: 'sparse',
  about: 'many small rooms, where little can be shared between deliveries',
  options: {
    rooms: { quick: 500, full: 500, about: 'rooms' },
    members: { quick: 10, full: 10, about: 'members of each room, each with one connection' },
    rate: { quick: 4_000, full: 4_000, about: 'messages a second, over all rooms' },
    peer: { quick: 1, full: 1, about: '0 leaves out the comparison with Socket.IO' },
    body: { quick: 64, full: 64, about: 'characters of a message' },
    'warm-up': { quick: 3, full: 5, about: 'seconds before measuring' },
    seconds: { quick: 10, full: 30, about: 'seconds measured' },
  },
  async run(options) {
    const load = {
      rooms: options.rooms!,
      members: options.members!,
      speakers: 1,
      rate: options.rate!,
      bodyLength: options.body!,
      warmUpSeconds: options['warm-up']!,
      seconds: options.seconds!,
    }
    const ours = await fanOutOnYeoul(load)
    const rows = [{ name: 'Yeoul', measured: ours.measured }]
    const data: Record<string, unknown> = { yeoul: reportOf(ours.measured) }
    const notes: string[] = []
    if (options.peer! > 0) {
      const theirs = await fanOutOnSocketIo(load)
      rows.push({ name: 'Socket.IO (stores nothing)', measured: theirs.measured })
      Object.assign(data, { socketio: reportOf(theirs.measured), ratio: ratio(ours, theirs) })
      notes.push(`Deliveries per server CPU-second: ${ratio(ours, theirs).toFixed(2)} times Socket.IO’s.`)
    }
    return {
      tables: [fanOutTable(`sparse: ${load.rooms} rooms of ${load.members}`, rows)],
      invariants: prefixed('Yeoul', ours.invariants),
      notes,
      data,
    }
  },
}
