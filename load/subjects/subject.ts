import type { Membership } from '../generator/crowd.ts'
import type { Target } from '../generator/fleet.ts'
import type { Measurable } from '../measure/measure.ts'

/** A system under test that is up, with rooms and people in them: Yeoul or a peer, one node or many. */
export interface Subject extends Measurable {
  /** Where clients connect: each node, or the one address of a proxy before them. */
  readonly targets: Target[]
  readonly memberships: Membership[]
  /** Messages that it holds for good, once `wanted` are there or patience (ms) ends; null where it stores none. */
  storedMessages(wanted: number, patienceMs: number): Promise<number | null>
  stop(): Promise<void>
}

export interface SubjectShape {
  rooms: number
  /** Of each room. */
  members: number
  nodes: number
}
