import assert from 'node:assert/strict'
import type { SendAnswer } from '../../src/protocol/frames.ts'
import type { Room, RoomKind } from '../../src/protocol/model.ts'
import type { Person } from './people.ts'

/** A new open room; `joiners` join it in their order. Answers its id. */
export async function openRoom(owner: Person, ...joiners: Person[]): Promise<string> {
  const room = await newRoom(owner, { title: '여울' })
  for (const joiner of joiners) assert.equal((await joiner.call('POST', `/rooms/${room}/join`)).status, 200)
  return room
}

/** A new room; of a direct one, that of the pair when there is one. Answers its id. */
export async function newRoom(
  owner: Person,
  wanted: { title?: string; kind?: RoomKind; memberIds?: string[]; capacity?: number },
): Promise<string> {
  const { status, body } = await owner.call<Room>('POST', '/rooms', wanted)
  assert.ok(status === 201 || (wanted.kind === 'direct' && status === 200))
  return body.id
}

let sent = 0

/** Sends a message over HTTP. */
export async function post(sender: Person, room: string, body = `message ${++sent}`): Promise<SendAnswer> {
  const answer = await sender.call<SendAnswer>('POST', `/rooms/${room}/messages`, {
    clientMessageId: crypto.randomUUID(),
    body,
  })
  assert.equal(answer.status, 201)
  return answer.body
}

/** Sends many, with seqs that follow each other: each `body(i)`. */
export async function postMany(sender: Person, room: string, count: number, body?: (i: number) => string) {
  const answers: SendAnswer[] = []
  // In portions, so that a portion shares its commits.
  for (let i = 0; i < count; i += 50) {
    const portion = Array.from({ length: Math.min(50, count - i) }, (_, k) => post(sender, room, body?.(i + k)))
    answers.push(...(await Promise.all(portion)))
  }
  return answers
}

/** The whole numbers from `first` to `last`. */
export function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i)
}
