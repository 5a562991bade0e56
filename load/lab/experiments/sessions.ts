import { ramp } from '../../generator/sessions.ts'
import { generatorFull } from '../../measure/measure.ts'
import { invariantsOfSessions, measureSessions, type SessionsMeasured } from '../../measure/measure-sessions.ts'
import { eachSubject, type Startable } from '../../subjects/each.ts'
import { startSocketIoPostgres } from '../../subjects/peers.ts'
import type { Subject } from '../../subjects/subject.ts'
import { YeoulSubject } from '../../subjects/yeoul.ts'
import { YeoulOnPostgres } from '../../subjects/yeoul-on-postgres.ts'
import type { Experiment, Row } from '../experiment.ts'

const MEMBERS = 10
/** Of a session in their test, and in ours where every system takes part. */
const THEIRS = 300
const OURS = 20

interface Scale {
  arrivals: number[]
  messages: number
  limitSeconds: number
}

/** Whether also the one that takes minutes for it is given the whole of their test. */
const ALL_WHOLE = process.env.LAB_S0_WHOLE === '1'
const WHOLE_LIMIT_SECONDS = 1_200

const FULL: Scale = { arrivals: ramp(10, 200, 10), messages: OURS, limitSeconds: 120 }
const QUICK: Scale = { arrivals: ramp(10, 200, 0.6), messages: 8, limitSeconds: 30 }
const WARM_UP: Scale = { arrivals: ramp(100, 100, 1), messages: 10, limitSeconds: 30 }

interface System extends Startable {
  system: string
  remark?: string
  /** Fast enough for the whole of their test. */
  whole: boolean
  /** Writes each message by itself, as theirs did at first. */
  direct?: true
  start(): Promise<Subject>
}

const PEER = 'Socket.IO, one INSERT a message'

function systems(people: number, quick: boolean): System[] {
  const shape = { rooms: Math.ceil(people / MEMBERS), members: MEMBERS }
  return [
    {
      name: PEER,
      system: 'Socket.IO',
      remark: 'recognises no repeats, recovers nothing, checks no token; up to ten INSERTs at a time',
      whole: true,
      direct: true,
      start: () => startSocketIoPostgres(shape),
    },
    {
      name: 'Yeoul, one commit a message',
      system: 'Yeoul, PostgreSQL, one commit a message',
      remark: 'YEOUL_APPEND_BATCH=1; one commit after the other, since they number the rooms’ messages',
      whole: false,
      direct: true,
      start: () => YeoulOnPostgres.start(shape, 'sql', { YEOUL_APPEND_BATCH: '1' }),
    },
    {
      name: 'Yeoul, group commit',
      system: 'Yeoul, PostgreSQL',
      whole: true,
      start: () => YeoulOnPostgres.start(shape, 'sql'),
    },
    {
      name: 'Yeoul, write-back',
      system: 'Yeoul, Redis log',
      remark: 'acknowledged by Redis, then written to PostgreSQL',
      whole: true,
      start: () => YeoulOnPostgres.start(shape, 'redis'),
    },
    {
      name: 'Yeoul, embedded',
      system: 'Yeoul, SQLite',
      remark: 'group commit in SQLite, no other server',
      whole: true,
      start: () => YeoulSubject.start(shape),
    },
    ...(quick ? [] : [impatient(shape)]),
  ]
}

/** Where everybody waits for an answer before they go on, what a flush waits for does not come. */
function impatient(shape: { rooms: number; members: number }): System {
  return {
    name: 'Yeoul, embedded, written at once',
    system: 'Yeoul, SQLite, written at once',
    remark: 'YEOUL_FLUSH_MS=0: no push or answer waits for others to share its write',
    whole: true,
    start: () => YeoulSubject.start(shape, { YEOUL_FLUSH_MS: '0' }),
  }
}

export const sessions: Experiment = {
  name: 's0',
  title: 'A thousand sessions in ten seconds: database-direct, group commit, write-back',
  about:
    '1,050 people arrive within ten seconds, at a rate that rises from 10 to 200 a second, in rooms of ten that fill one after the ' +
    'other. Each connects, enters, and sends messages of 64 characters, each one when the one before was acknowledged, as a ' +
    'scenario of Artillery’s does; whoever is done stays and listens. The length of a session is from the time at which its ' +
    `person was due to arrive to its last acknowledgement. In their test a session was ${THEIRS} messages, 315,000 in all. Rows that end ` +
    `in “${THEIRS} messages” are that, measured once, in the first repeat; the others have ${OURS} messages a session, 21,000 in all, because ` +
    'one commit after the other takes five minutes for the whole (`LAB_S0_WHOLE=1` has that measured so too). Every server is ' +
    'one process, with PostgreSQL and Redis where it is over them; commits are synced to the disk. CPU is that of all of these, from /proc, from the first arrival until everything ' +
    'is delivered and in the database. A first crowd, which is not shown, warms each server up. In a closed loop a fast server ' +
    'is asked more at once than a slow one, and the generator shares the two cores with it: that is in the lengths. ' +
    'A delay of delivery counts from the sending of a message, on one connection in ten.',
  origin:
    'Socket.IO on a database, 1,050 people × 300 messages: the session length fell from a mean of 17.5 s (p99.9 314 s) with direct writes ' +
    'to 6.9 s (p99.9 23.8 s) with write-back. Delivery was never measured.',
  figures: [
    { key: 'mean', title: 'session mean s', better: 'less', digits: 2 },
    { key: 'p50', title: 'p50 s', better: 'less', digits: 2 },
    { key: 'p999', title: 'p99.9 s', better: 'less', digits: 2 },
    { key: 'max', title: 'max s', better: 'less', digits: 2 },
    { key: 'perSecond', title: 'messages/s', better: 'more' },
    { key: 'deliveries', title: 'deliveries', better: null },
    { key: 'deliveryP50', title: 'delivery p50 ms', better: 'less', digits: 1 },
    { key: 'deliveryP99', title: 'delivery p99 ms', better: 'less', digits: 1 },
    { key: 'deliveryMax', title: 'delivery max ms', better: 'less', digits: 1 },
    { key: 'lost', title: 'lost', better: 'less' },
    { key: 'duplicated', title: 'dup.', better: 'less' },
    { key: 'outOfOrder', title: 'disord.', better: 'less' },
    { key: 'stored', title: 'rows stored', better: null },
    { key: 'cpu', title: 'server CPU s', better: 'less', digits: 1 },
    { key: 'microsAMessage', title: 'µs CPU a message', better: 'less' },
    { key: 'otherCores', title: 'other cores', better: null, digits: 2 },
  ],
  charts: [
    { title: 'Mean length of a session, seconds', kind: 'bars', figure: 'mean', logarithmic: true },
    { title: 'The longest one in a thousand, seconds', kind: 'bars', figure: 'p999', logarithmic: true },
    { title: 'Server CPU for a message, µs', kind: 'bars', figure: 'microsAMessage' },
  ],
  async *run(lab) {
    const scale = lab.quick ? QUICK : FULL
    const all = systems(scale.arrivals.length, lab.quick)
    for await (const { plan, subject } of eachSubject(all, { together: lab.quick, step: lab.step })) {
      if (!lab.quick) {
        lab.step(`${plan.name}: warm-up`)
        await measure(subject, WARM_UP)
      }
      lab.step(plan.name)
      yield rowOf(plan, plan.name, await measure(subject, scale))
      if (lab.quick || lab.repeat > 0 || !(plan.whole || ALL_WHOLE)) continue
      const name = `${plan.name}, ${THEIRS} messages`
      lab.step(name)
      const whole = { ...scale, messages: THEIRS, limitSeconds: WHOLE_LIMIT_SECONDS }
      const claim = plan.direct ? 'direct: mean 17.5 s, p99.9 314 s' : 'with write-back: mean 6.9 s, p99.9 23.8 s'
      yield { ...rowOf(plan, name, await measure(subject, whole)), claim }
    }
  },
}

function measure(subject: Subject, scale: Scale): Promise<SessionsMeasured> {
  return measureSessions(subject, { ...scale, bodyLength: 64, generators: 1 })
}

function rowOf({ system, remark }: System, name: string, measured: SessionsMeasured): Row {
  const { lengths, delivery, verdict, stored, acknowledged } = measured
  const ours = system.startsWith('Yeoul')
  return {
    name,
    system,
    ...(remark !== undefined && { remark }),
    figures: {
      mean: lengths.mean / 1000,
      p50: lengths.p50 / 1000,
      p999: lengths.p999 / 1000,
      max: lengths.max / 1000,
      perSecond: acknowledged / measured.seconds,
      deliveries: measured.deliveries,
      deliveryP50: delivery.p50,
      deliveryP99: delivery.p99,
      deliveryMax: delivery.max,
      lost: verdict.lost,
      duplicated: verdict.duplicated,
      outOfOrder: verdict.outOfOrder,
      ...(stored !== null && { stored }),
      cpu: measured.serverCpuSeconds,
      microsAMessage: (measured.serverCpuSeconds * 1e6) / acknowledged,
      otherCores: measured.otherCores,
    },
    invariants: ours
      ? invariantsOfSessions(measured)
      : {
          'duplicated 0': verdict.duplicated === 0,
          'out of order 0': verdict.outOfOrder === 0,
          'what was acknowledged is stored': (stored ?? 0) >= acknowledged,
        },
    void: generatorFull(measured),
    ...(measured.unended > 0 && { notes: [`${name}: ${measured.unended} sessions did not come to their end`] }),
  }
}
