/** What the connections of one process counted, together. */
export interface Tally {
  delivered: number
  /** Events that came in answers to subscriptions, not as pushes. */
  caughtUp: number
  deliveredInWindow: number
  framesInWindow: number
  bytesInWindow: number
  sent: number
  acknowledged: number
  acknowledgedInWindow: number
  lagging: number
  /** Subscriptions that were taken up again from a position, and those of them that could not go on where they were. */
  resumed: number
  notRecovered: number
  refused: Record<string, number>
  closed: Record<string, number>
  /** By stream. */
  rooms: Record<string, RoomTally>
}

export interface RoomTally {
  /** The head that the first subscription found; the highest number there is when nobody subscribed. */
  start: number
  acknowledged: number
  /** The highest seq that an acknowledgement named; 0 when there was none. */
  head: number
}

export function newTally(): Tally {
  return {
    delivered: 0,
    caughtUp: 0,
    deliveredInWindow: 0,
    framesInWindow: 0,
    bytesInWindow: 0,
    sent: 0,
    acknowledged: 0,
    acknowledgedInWindow: 0,
    lagging: 0,
    resumed: 0,
    notRecovered: 0,
    refused: {},
    closed: {},
    rooms: {},
  }
}

/** The tally of one room, made when it is first asked for. */
export function roomTally(tally: Tally, id: string): RoomTally {
  const known = tally.rooms[id]
  if (known !== undefined) return known
  const room: RoomTally = { start: Number.MAX_SAFE_INTEGER, acknowledged: 0, head: 0 }
  tally.rooms[id] = room
  return room
}

/** One more of a kind. */
export function count(counts: Record<string, number>, what: string): void {
  counts[what] = (counts[what] ?? 0) + 1
}

/** What all processes counted. */
export function mergedTally(tallies: Tally[]): Tally {
  const all = newTally()
  for (const tally of tallies) {
    all.delivered += tally.delivered
    all.caughtUp += tally.caughtUp
    all.deliveredInWindow += tally.deliveredInWindow
    all.framesInWindow += tally.framesInWindow
    all.bytesInWindow += tally.bytesInWindow
    all.sent += tally.sent
    all.acknowledged += tally.acknowledged
    all.acknowledgedInWindow += tally.acknowledgedInWindow
    all.lagging += tally.lagging
    all.resumed += tally.resumed
    all.notRecovered += tally.notRecovered
    for (const [code, n] of Object.entries(tally.refused)) all.refused[code] = (all.refused[code] ?? 0) + n
    for (const [why, n] of Object.entries(tally.closed)) all.closed[why] = (all.closed[why] ?? 0) + n
    for (const [id, one] of Object.entries(tally.rooms)) {
      const room = roomTally(all, id)
      room.start = Math.min(room.start, one.start)
      room.acknowledged += one.acknowledged
      room.head = Math.max(room.head, one.head)
    }
  }
  return all
}
