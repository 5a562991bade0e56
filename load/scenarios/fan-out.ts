import { join } from 'node:path'
import { crowd, type Membership } from '../crowd.ts'
import { Fleet } from '../fleet.ts'
import { invariantsOf, type Measurement, measure } from '../measure.ts'
import type { Person } from '../people.ts'
import { Server } from '../server.ts'
import { Yeoul } from '../yeoul-server.ts'

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
  const yeoul = await Yeoul.start(load.rooms * load.members)
  try {
    const memberships: Membership[] = []
    for (let i = 0; i < load.rooms; i++) {
      const people = yeoul.people.slice(i * load.members, (i + 1) * load.members)
      memberships.push({ room: await yeoul.createRoom(`room ${i}`, people), people })
    }
    return await fanOut(yeoul.server, memberships, load)
  } finally {
    await yeoul.stop()
  }
}

export async function fanOutOnSocketIo(load: FanOut): Promise<Measured> {
  const server = await Server.start('socketio', [join(import.meta.dirname, '../peers/socketio.ts')], {}, true)
  try {
    const nobody: Person = { id: '', token: '' }
    const memberships = Array.from({ length: load.rooms }, (_, i) => ({
      // As long as Yeoul's ids, so that both move the same bytes.
      room: `room-${i}`.padEnd(36, '-'),
      people: Array.from({ length: load.members }, () => nobody),
    }))
    return await fanOut(server, memberships, load)
  } finally {
    await server.stop()
  }
}

async function fanOut(server: Server, memberships: Membership[], load: FanOut): Promise<Measured> {
  const groups = crowd(memberships, load.speakers, 1)
  const fleet = await Fleet.open(server.target, groups)
  try {
    const measured = await measure(fleet, server, {
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
}

/** How many times the first's deliveries per server CPU-second are the second's. */
export function ratio(ours: Measured, theirs: Measured): number {
  return ours.measured.deliveriesPerCpuSecond / theirs.measured.deliveriesPerCpuSecond
}
