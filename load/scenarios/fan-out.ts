import { crowd } from '../generator/crowd.ts'
import { Fleet } from '../generator/fleet.ts'
import { invariantsOf, type Measurement, measure } from '../measure/measure.ts'
import { startSocketIo } from '../subjects/peers.ts'
import type { Subject } from '../subjects/subject.ts'
import { YeoulSubject } from '../subjects/yeoul.ts'

/** Rooms full of people of whom some talk: what `hot-room` and `sparse` have in common. */
export interface FanOut {
  rooms: number
  members: number
  /** In each room. */
  speakers: number
  rate: number
  bodyLength: number
  warmUpSeconds: number
  seconds: number
}

export interface Measured {
  measured: Measurement
  invariants: Record<string, boolean>
}

export async function fanOutOnYeoul(load: FanOut): Promise<Measured> {
  return fanOut(await YeoulSubject.start(load), load)
}

export async function fanOutOnSocketIo(load: FanOut): Promise<Measured> {
  return fanOut(await startSocketIo({ ...load, nodes: 1 }), load)
}

async function fanOut(subject: Subject, load: FanOut): Promise<Measured> {
  try {
    const groups = crowd(subject.memberships, load.speakers, 1)
    const fleet = await Fleet.open(subject.targets[0]!, groups)
    try {
      const measured = await measure(fleet, subject, {
        rate: load.rate,
        bodyLength: load.bodyLength,
        warmUpSeconds: load.warmUpSeconds,
        seconds: load.seconds,
        senders: [0],
        generators: groups.length,
      })
      return { measured, invariants: invariantsOf(measured, () => load.members) }
    } finally {
      await fleet.close()
    }
  } finally {
    await subject.stop()
  }
}

/** How many times the first's deliveries per server CPU-second are the second's. */
export function ratio(ours: Measured, theirs: Measured): number {
  return ours.measured.deliveriesPerCpuSecond / theirs.measured.deliveriesPerCpuSecond
}
