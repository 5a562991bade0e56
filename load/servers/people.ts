import { newId } from '../../src/core/ids.ts'
import { Tokens } from '../../src/core/tokens.ts'
import { sleep } from '../generator/clock.ts'

const TOKEN_LIFE_MS = 6 * 3_600_000

export interface Person {
  id: string
  token: string
}

/**
 * People with tokens signed by the server's own secret. Their users are rows that are written beside the server: neither a
 * password hash nor a registration is part of what is measured.
 */
export async function newPeople(count: number, signed: { secret: string; issuer: string }): Promise<Person[]> {
  const tokens = await Tokens.create({ ...signed, lifeMs: TOKEN_LIFE_MS }, { has: () => false })
  const people: Person[] = []
  for (let i = 0; i < count; i++) {
    const id = newId()
    people.push({ id, token: (await tokens.sign({ user: id, sid: newId(), role: 'user' })).token })
  }
  return people
}

/** A group room of these people, the first of them its owner. Answers its id. `url`: of the server, without a path. */
export async function createRoom(url: string, title: string, members: Person[]): Promise<string> {
  const [owner, ...others] = members
  const { id } = (await call(url, owner!, 'POST', '/rooms', {
    title,
    kind: 'group',
    memberIds: others.slice(0, 1_000).map((person) => person.id),
  })) as { id: string }
  for (const person of others.slice(1_000)) await call(url, owner!, 'POST', `/rooms/${id}/members/${person.id}`)
  return id
}

/** The highest seq of a room. */
export async function headOf(url: string, person: Person, room: string): Promise<number> {
  const answer = (await call(url, person, 'GET', `/rooms/${room}`)) as { position: { seq: number } }
  return answer.position.seq
}

/** A server that has just started may take its log on partition by partition: a 503 is asked again for a while. */
const PATIENCE_MS = 20_000

async function call(url: string, person: Person, method: string, path: string, body?: unknown): Promise<unknown> {
  const end = performance.now() + PATIENCE_MS
  for (;;) {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${person.token}`, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    })
    const answer = await response.json()
    if (response.ok) return answer
    if (response.status !== 503 || performance.now() > end)
      throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`)
    await sleep(200)
  }
}
