/** Peers do the same work as Yeoul, and what they lose, repeat or disorder is seen, whichever node a message came through. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crowd } from '../../load/crowd.ts'
import { Fleet } from '../../load/fleet.ts'
import { invariantsOf, type Measurement, measure } from '../../load/measure.ts'
import type { Subject } from '../../load/subject.ts'
import { startSocketIo, startSocketIoPostgres, startSocketIoStreams, startWs } from '../../load/subjects/peers.ts'

const MEMBERS = 6

/** 2 rooms, two speakers each, 48 messages. Answers what of the invariants is broken. */
async function measured(subject: Subject): Promise<{ measurement: Measurement; broken: string[] }> {
  const groups = crowd(subject.memberships, 2, 1, subject.targets)
  const fleet = await Fleet.open(subject.targets[0]!, groups)
  try {
    const measurement = await measure(fleet, subject, {
      rate: 80,
      bodyLength: 64,
      warmUpSeconds: 0.1,
      seconds: 0.5,
      senders: [0],
      generators: groups.length,
      patienceMs: 1_000,
    })
    const invariants = Object.entries(invariantsOf(measurement, () => MEMBERS))
    return { measurement, broken: invariants.flatMap(([what, holds]) => (holds ? [] : [what])) }
  } finally {
    await fleet.close()
  }
}

for (const [name, start] of Object.entries({
  'three Socket.IO over Redis Pub/Sub': () => startSocketIo({ rooms: 2, members: MEMBERS, nodes: 3 }),
  'three Socket.IO over Redis Streams': () => startSocketIoStreams({ rooms: 2, members: MEMBERS, nodes: 3 }),
  'one Socket.IO over PostgreSQL': () => startSocketIoPostgres({ rooms: 2, members: MEMBERS }),
  'one ws': () => startWs({ rooms: 2, members: MEMBERS, nodes: 1 }),
  'three ws over Redis Pub/Sub': () => startWs({ rooms: 2, members: MEMBERS, nodes: 3 }),
}))
  test(`${name}: every message reaches every member, once and in order`, async () => {
    const subject = await start()
    try {
      const { measurement, broken } = await measured(subject)
      assert.deepEqual(broken, [])
      assert.equal(measurement.verdict.received, 48 * MEMBERS)
      assert.ok(measurement.serverCores > 0)
      const stored = await subject.storedMessages(48, 1_000)
      assert.equal(stored, name.endsWith('PostgreSQL') ? 48 : null)
    } finally {
      await subject.stop()
    }
  })
