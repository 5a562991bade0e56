import { fanOutTable } from '../measure/report.ts'
import { fanOutOnSocketIo, fanOutOnYeoul, ratio } from './fan-out.ts'
import { prefixed, reportOf, type Scenario } from './scenario.ts'

export const hotRoom: Scenario = {
  name: 'hot-room',
  about: 'one room of many members who all receive every message',
  options: {
    members: { quick: 1_000, full: 1_000, about: 'members of the room, each with one connection' },
    rate: { quick: 1_000, full: 1_000, about: 'messages a second' },
    'top-rate': { quick: 3_000, full: 3_000, about: 'messages a second of a second, heavier run; 0: none' },
    'peer-rate': { quick: 50, full: 50, about: 'messages a second for the comparison with Socket.IO; 0: none' },
    speakers: { quick: 20, full: 20, about: 'members who talk' },
    body: { quick: 64, full: 64, about: 'characters of a message' },
    'warm-up': { quick: 3, full: 5, about: 'seconds before measuring' },
    seconds: { quick: 10, full: 30, about: 'seconds measured' },
  },
  async run(options) {
    const load = {
      rooms: 1,
      members: options.members!,
      speakers: options.speakers!,
      rate: options.rate!,
      bodyLength: options.body!,
      warmUpSeconds: options['warm-up']!,
      seconds: options.seconds!,
    }
    const ours = await fanOutOnYeoul(load)
    const rows = [{ name: `Yeoul, ${load.rate} messages/s`, measured: ours.measured }]
    const data: Record<string, unknown> = { yeoul: reportOf(ours.measured) }
    const notes: string[] = []
    const invariants = prefixed('Yeoul', ours.invariants)
    if (options['top-rate']! > 0) {
      const top = await fanOutOnYeoul({ ...load, rate: options['top-rate']! })
      rows.push({ name: `Yeoul, ${options['top-rate']} messages/s`, measured: top.measured })
      Object.assign(data, { yeoulAtTopRate: reportOf(top.measured) })
      Object.assign(invariants, prefixed('Yeoul at the top rate', top.invariants))
    }
    if (options['peer-rate']! > 0) {
      const same = { ...load, rate: options['peer-rate']! }
      const oursSame = await fanOutOnYeoul(same)
      const theirs = await fanOutOnSocketIo(same)
      rows.push({ name: `Yeoul, ${same.rate} messages/s`, measured: oursSame.measured })
      rows.push({ name: `Socket.IO, ${same.rate} messages/s, nothing stored`, measured: theirs.measured })
      Object.assign(data, { yeoulAtPeerRate: reportOf(oursSame.measured), socketio: reportOf(theirs.measured) })
      Object.assign(invariants, prefixed('Yeoul at the peer’s rate', oursSame.invariants))
      Object.assign(data, { ratio: ratio(ours, theirs), ratioAtSameRate: ratio(oursSame, theirs) })
      notes.push(
        `Deliveries per server CPU-second at ${load.rate} messages a second: ${ratio(ours, theirs).toFixed(1)} times Socket.IO’s; ` +
          `${ratio(oursSame, theirs).toFixed(1)} times at the same rate.`,
      )
    }
    return { tables: [fanOutTable(`hot-room: ${load.members} members`, rows)], invariants, notes, data }
  },
}
