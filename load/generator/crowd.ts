import type { Person } from '../servers/people.ts'
import type { ConnectionSpec } from './connection.ts'
import type { Target } from './fleet.ts'

/** Connections from one loopback address: below the number of its ephemeral ports, with room for those of other runs. */
const PER_ADDRESS = 10_000

/** How many connections, out of which one has its deliveries timed. */
const SAMPLE = 20

export interface Membership {
  room: string
  people: Person[]
}

/**
 * Each person's one connection, subscribed to their room: the first `speakers` of every room in the first group, which a
 * generator process of its own serves so that sending is never late because of receiving; the others in the groups after,
 * whole rooms together. With several targets the members of each room are on each of them in turn: what they say has to go
 * from node to node.
 */
export function crowd(
  memberships: Membership[],
  speakers: number,
  listenerGroups: number,
  targets: Target[] = [],
): ConnectionSpec[][] {
  const groups: ConnectionSpec[][] = Array.from({ length: 1 + listenerGroups }, () => [])
  let made = 0
  memberships.forEach(({ room, people }, roomIndex) => {
    people.forEach((person, i) => {
      const speaks = i < speakers
      const group = speaks ? 0 : 1 + ((memberships.length === 1 ? i : roomIndex) % listenerGroups)
      groups[group]?.push({
        token: person.token,
        from: `127.0.0.${2 + Math.floor(made / PER_ADDRESS)}`,
        ...(targets.length > 1 && { port: targets[(roomIndex + i) % targets.length]!.port }),
        subscribe: [room],
        sendTo: speaks ? [room] : [],
        sampled: speaks || made % SAMPLE === 0,
      })
      made++
    })
  })
  return groups
}

/**
 * Everybody's one connection, subscribed to their room and talking there; whole rooms shared out among processes. With
 * several targets the members of each room are on each of them in turn. One in `sample` has its deliveries timed.
 */
export function talkers(
  memberships: Membership[],
  processes: number,
  { targets = [], sample = 1 }: { targets?: Target[]; sample?: number } = {},
): ConnectionSpec[][] {
  const groups: ConnectionSpec[][] = Array.from({ length: processes }, () => [])
  const longest = Math.max(...memberships.map(({ people }) => people.length))
  let made = 0
  // One member of each room after the other: what is sent one after the other goes to different rooms.
  for (let i = 0; i < longest; i++) {
    for (const [r, { room, people }] of memberships.entries()) {
      const person = people[i]
      if (person === undefined) continue
      groups[r % processes]!.push({
        token: person.token,
        from: `127.0.0.${2 + (r % 4)}`,
        ...(targets.length > 1 && { port: targets[(r + i) % targets.length]!.port }),
        subscribe: [room],
        sendTo: [room],
        sampled: made++ % sample === 0,
      })
    }
  }
  return groups
}
