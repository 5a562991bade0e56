import type { Piece } from '../../../ports/write-back.ts'
import type { RoomEvent } from '../../../protocol/model.ts'
import { eventTypeNumber } from '../tables.ts'

/** An event of the batch with the entry that it came in. */
export interface ParsedEntry {
  partition: number
  room: string
  seq: number
  n: number
  event: RoomEvent
}

/** An entry that cannot become rows. */
export class BadEntry extends Error {
  readonly partition: number
  /** Whether it does not go on where its room ended. */
  readonly broken: boolean

  constructor(partition: number, why: string, broken = false) {
    super(why)
    this.partition = partition
    this.broken = broken
  }
}

/** What becomes columns as it is: written as part of arrays, where anything else would be taken for something else. */
const TEXTS = ['clientMessageId', 'body', 'user', 'emoji', 'role', 'reason']
const NUMBERS = ['replyTo', 'target']

/** Throws `BadEntry`. */
export function parsePieces(pieces: Piece[]): ParsedEntry[] {
  const parsed: ParsedEntry[] = []
  for (const { lease, entries } of pieces) {
    for (const { room, seq, n, event } of entries)
      parsed.push({ partition: lease.partition, room, seq, n, event: parseEvent(lease.partition, event) })
  }
  return parsed
}

function parseEvent(partition: number, text: string): RoomEvent {
  const event = readEvent(text)
  if (event === null) throw new BadEntry(partition, 'the event is no JSON')
  if (typeof event.actor !== 'string' || typeof event.at !== 'number' || eventTypeNumber(event.type as never) < 0)
    throw new BadEntry(partition, 'the event lacks its type, time or actor')
  const odd = TEXTS.find((name) => !isA('string', event, name)) ?? NUMBERS.find((name) => !isA('number', event, name))
  if (odd !== undefined) throw new BadEntry(partition, `the event has an odd ${odd}`)
  return event as RoomEvent
}

function isA(type: 'string' | 'number', event: object, name: string): boolean {
  const value: unknown = (event as Record<string, unknown>)[name]
  return value === undefined || value === null || typeof value === type
}

/** The event of an entry, if it can be read at all. */
export function readEvent(text: string): Partial<RoomEvent> | null {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
