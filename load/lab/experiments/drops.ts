import { generatorFull } from '../../measure/measure.ts'
import { type DropSystem, type Running, SYSTEMS } from '../drops-systems.ts'
import { Crowd, type Outcome, RATE, type Trial } from '../drops-trial.ts'
import type { Experiment, Lab, Row } from '../experiment.ts'

interface Scale {
  rooms: number
  /** Of each room: those of the crowd, and one who talks and is not cut. */
  members: number
  /** Of these, rooms that take part in the drops. */
  dropRooms: number
  dropSeconds: number
  drops: { everyMs: number; away: { least: number; most: number } }
  stormSeconds: number
  /** How long a node's restart goes on for, at least: its drain, its start, and the way back. */
  restartSeconds: { alone: number; cluster: number }
  drainMs: { alone: number; cluster: number }
  quietSeconds: number
  patienceMs: number
}

/** When, after the beginning, everybody is cut or a node is ended. */
const STRIKE_MS = 500
const PEER_MS = 3_000

const FULL: Scale = {
  rooms: 100,
  members: 51,
  dropRooms: 10,
  dropSeconds: 30,
  drops: { everyMs: 10_000, away: { least: 100, most: 10_000 } },
  stormSeconds: 5,
  restartSeconds: { alone: 6, cluster: 9 },
  drainMs: { alone: 1_000, cluster: 4_000 },
  quietSeconds: 2,
  patienceMs: 90_000,
}

const QUICK: Scale = {
  rooms: 10,
  members: 31,
  dropRooms: 5,
  dropSeconds: 3,
  drops: { everyMs: 1_500, away: { least: 100, most: 1_000 } },
  stormSeconds: 2,
  restartSeconds: { alone: 2, cluster: 2 },
  drainMs: { alone: 300, cluster: 500 },
  quietSeconds: 0.2,
  patienceMs: 90_000,
}

export const drops: Experiment = {
  name: 'drops',
  title: 'Drops, storms and restarts',
  about:
    `Fifty people and a talker are in each room; the talkers send ${RATE} messages a second over all rooms and are not cut. **Drops**: ` +
    '500 clients in ten rooms are cut (TCP reset) at random moments, every 10 s in the mean, each time for 0.1 to 10 s (log-uniform); ' +
    'all systems at the same time, for 30 s. **Storm**: all 5,000 in a hundred rooms are cut at once. **Restart** (SIGTERM: it drains for ' +
    '1 s alone, 4 s in a cluster) and **kill -9**: the one server, or one gateway of three, ends under 5,000 clients and is started ' +
    'again. Talkers who were connected to it send again what was not acknowledged, under the same id, as Yeoul’s SDK does and ' +
    'socket.io-client when `retries` is set; to Socket.IO’s server a repeat is a new message.\n\n' +
    'Clients come back as their own library does: Yeoul’s SDK after a random part of 0.5 s, doubled up to 5 s, with its position; ' +
    'socket.io-client after 1 s, doubled up to 5 s, each ± half, joining its rooms again (with connection state recovery: showing its ' +
    'session and the last offset). “Back” counts from the moment that the network is there again, or the server gone, until the client ' +
    'has caught up; “complete” from the last message until everybody has every message (left out when that never happens). ' +
    '“Delivered” is the share of what was sent to the rooms meanwhile, for each member. “p99” is of messages that were due while the ' +
    'receiver was connected. “Reads” are calls of the database reader on the server or the three gateways, catch-ups from the log ' +
    'among them; “background” is what they are in the same time when nothing happens. CPU is of all processes of a system out of ' +
    '/proc: nodes, and where it has them Redis, PostgreSQL and nginx (through which Yeoul’s clusters are reached; the nodes of Socket.IO ' +
    'are reached directly); PostgreSQL’s part of it stands beside it.',
  origin: 'A test published in June 2026: under drops Socket.IO delivered about 85 %, AnyCable 100 %.',
  figures: [
    { key: 'delivered', title: 'delivered %', better: 'more', digits: 2 },
    { key: 'lost', title: 'lost', better: 'less' },
    { key: 'duplicated', title: 'dup.', better: 'less' },
    { key: 'outOfOrder', title: 'disord.', better: 'less' },
    { key: 'cuts', title: 'cuts', better: null },
    { key: 'recovered', title: 'recovered %', better: 'more', digits: 1 },
    { key: 'backP50', title: 'back p50 s', better: 'less', digits: 2 },
    { key: 'backP99', title: 'back p99 s', better: 'less', digits: 2 },
    { key: 'backAll', title: 'back all s', better: 'less', digits: 2 },
    { key: 'complete', title: 'complete s', better: 'less', digits: 2 },
    { key: 'sentAgain', title: 'sent again', better: null },
    { key: 'refused', title: 'refused', better: null },
    { key: 'reads', title: 'reads', better: 'less' },
    { key: 'background', title: 'background', better: null },
    { key: 'fromLog', title: 'from the log', better: 'less' },
    { key: 'fromMemory', title: 'from memory', better: null },
    { key: 'cpu', title: 'CPU s', better: 'less', digits: 2 },
    { key: 'postgres', title: 'PostgreSQL s', better: 'less', digits: 2 },
    { key: 'p99', title: 'p99 ms', better: 'less', digits: 1 },
  ],
  charts: [
    { title: 'Delivered, %', kind: 'bars', figure: 'delivered' },
    { title: 'Everybody is back after, s', kind: 'bars', figure: 'backAll' },
  ],
  async *run(lab) {
    const scale = lab.quick ? QUICK : FULL
    const systems: Up[] = []
    try {
      const chosen = SYSTEMS.filter(({ quick }) => quick || !lab.quick)
      lab.step('starting the systems')
      await allSettled(
        chosen.map(async (system) => {
          const running = await system.start(scale, scale.drainMs)
          systems.push({ system, running, acknowledged: 0 })
        }),
      )
      systems.sort((a, b) => chosen.indexOf(a.system) - chosen.indexOf(b.system))
      lab.step(`${systems.length} systems, clients cut at random`)
      const dropped = systems.map((up) => dropRow(up, scale))
      await Promise.allSettled(dropped)
      for (const row of dropped) yield await row
      const struck = systems.filter(({ system }) => system.restarts !== null)
      if (lab.quick) yield* asTheyCome(struck.map((up) => strikeRows(up, scale, lab)))
      else for (const up of struck) yield* strikeRows(up, scale, lab)
    } finally {
      await Promise.all(systems.map(({ running }) => running.subject.stop()))
    }
  },
}

interface Up {
  system: DropSystem
  running: Running
  /** Messages that were acknowledged by it, over all trials. */
  acknowledged: number
}

async function dropRow(up: Up, scale: Scale): Promise<Row> {
  const people = await Crowd.open(up.running, scale.dropRooms, scale.quietSeconds)
  try {
    const { dropSeconds: seconds, drops } = scale
    return await rowOf(up, 'drops', await people.run(trialOf(up, scale, { seconds, drops })))
  } finally {
    await people.close()
  }
}

async function* strikeRows(up: Up, scale: Scale, lab: Lab): AsyncGenerator<Row> {
  const { system, running } = up
  if (system.restarts === null) return
  const { what, by: signals } = system.restarts
  const people = await Crowd.open(running, scale.rooms, scale.quietSeconds)
  try {
    lab.step(`${system.name}: ${people.connections} clients are cut at once`)
    const storm = trialOf(up, scale, { seconds: scale.stormSeconds, cutAllAfterMs: STRIKE_MS })
    yield await rowOf(up, 'storm', await people.run(storm))
    for (const by of lab.quick ? signals.slice(0, 1) : signals) {
      lab.step(`${system.name}: ${by} to ${what} under ${people.connections} clients`)
      const restart = trialOf(up, scale, {
        seconds: what === 'the server' ? scale.restartSeconds.alone : scale.restartSeconds.cluster,
        strike: { afterMs: STRIKE_MS, does: () => running.restart(by) },
      })
      yield await rowOf(up, by === 'SIGTERM' ? 'restart' : 'kill -9', await people.run(restart))
    }
  } finally {
    await people.close()
  }
}

function trialOf({ system }: Up, scale: Scale, what: Omit<Trial, 'patienceMs' | 'settleMs'>): Trial {
  const { patienceMs } = scale
  // What a peer has not brought after some seconds does not come any more.
  return { ...what, patienceMs, settleMs: keepsAll(system) ? patienceMs : Math.min(patienceMs, PEER_MS) }
}

async function rowOf(up: Up, test: string, outcome: Outcome): Promise<Row> {
  const { system, running } = up
  up.acknowledged += outcome.acknowledged
  const stored = await running.subject.storedMessages(up.acknowledged, keepsAll(system) ? 10_000 : 0)
  const { counted, back, completeSeconds } = outcome
  const { examples } = outcome
  return {
    name: `${test}: ${system.name}`,
    system: system.name,
    ...(system.remark !== undefined && { remark: system.remark }),
    ...(test === 'drops' && system.claim !== undefined && { claim: system.claim }),
    figures: {
      delivered: 100 * (1 - outcome.lost / Math.max(1, outcome.expected)),
      lost: outcome.lost,
      duplicated: outcome.duplicated,
      outOfOrder: outcome.outOfOrder,
      cuts: outcome.endured.cuts + outcome.endured.ended,
      ...(outcome.resumed > 0 && { recovered: 100 * (1 - outcome.notRecovered / outcome.resumed) }),
      ...(back.count > 0 && { backP50: back.p50 / 1000, backP99: back.p99 / 1000, backAll: back.max / 1000 }),
      ...(completeSeconds !== null && { complete: completeSeconds }),
      sentAgain: outcome.sentAgain,
      refused: outcome.refused,
      ...(counted !== null && {
        reads: counted.reads,
        background: outcome.backgroundReads,
        fromLog: counted.fromLog,
        fromMemory: counted.fromMemory,
      }),
      cpu: outcome.serverCpuSeconds,
      ...(outcome.postgresCpuSeconds !== null && { postgres: outcome.postgresCpuSeconds }),
      p99: outcome.delivery.p99,
    },
    invariants: {
      'everyone is back': outcome.endured.live === outcome.connections,
      'every message was sent and acknowledged in the end':
        outcome.ran.unacknowledged === 0 && outcome.ran.unsent === 0,
      ...(keepsAll(system) && wholeness(outcome, stored === up.acknowledged)),
      ...(system.promises === 'order' && { 'out of order 0': outcome.outOfOrder === 0 }),
    },
    void: generatorFull(outcome),
    ...(keepsAll(system) && examples.length > 0 && { notes: examples }),
  }
}

function keepsAll({ promises }: DropSystem): boolean {
  return promises === 'everything'
}

/** What only Yeoul promises. */
function wholeness(outcome: Outcome, stored: boolean): Record<string, boolean> {
  return {
    'lost 0': outcome.lost === 0,
    'duplicated 0': outcome.duplicated === 0,
    'out of order 0': outcome.outOfOrder === 0,
    'as many seqs were given as messages were acknowledged': outcome.numbered === outcome.acknowledged,
    'what was acknowledged is stored, once': stored,
    'every position was recovered': outcome.notRecovered === 0,
    'no password hash': outcome.counted?.hashes === 0,
  }
}

/** What several generators yield, as it comes. When one fails the others are ended first. */
async function* asTheyCome<T>(all: AsyncGenerator<T>[]): AsyncGenerator<T> {
  const next = (one: AsyncGenerator<T>) => one.next().then((result) => ({ one, result }))
  const coming = new Map(all.map((one) => [one, next(one)]))
  try {
    while (coming.size > 0) {
      const { one, result } = await Promise.race(coming.values())
      coming.delete(one)
      if (result.done === true) continue
      coming.set(one, next(one))
      yield result.value
    }
  } finally {
    await Promise.allSettled(coming.values())
    await Promise.allSettled(all.map((one) => one.return(undefined)))
  }
}

/** As `Promise.all`, but waits for all also when one fails. */
async function allSettled(all: Promise<void>[]): Promise<void> {
  for (const one of await Promise.allSettled(all)) if (one.status === 'rejected') throw one.reason
}
