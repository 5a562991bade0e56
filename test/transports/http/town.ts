/** One server with three people, for all parts of http.test.ts. */
import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import type { SendAnswer } from '../../../src/protocol/frames.ts'
import type { Room, User } from '../../../src/protocol/model.ts'
import { startTestServer, type TestServer } from '../../support/server.ts'
import { Contract } from '../http-contract.ts'

export const API_KEY = 'the key of another service'
export const NOBODY = '019b0000-0000-7000-8000-000000000000'

export interface Person {
  id: string
  token: string
  username: string
}

export let server: TestServer
export let api: Contract
export let mina: Person
export let joon: Person
export let sora: Person

export async function register(username: string): Promise<Person> {
  const { status, body } = await api.call<{ user: User; accessToken: string }>('POST', '/auth/register', {
    body: { username, password: 'a password of theirs' },
  })
  assert.equal(status, 201)
  return { id: body.user.id, token: body.accessToken, username }
}

export async function makeRoom(owner: Person, wanted: object = {}): Promise<Room> {
  const { status, body } = await api.call<Room>('POST', '/rooms', {
    token: owner.token,
    body: { title: '여울 이야기', ...wanted },
  })
  assert.equal(status, 201)
  return body
}

export async function send(sender: Person, room: string, body: string, more: object = {}): Promise<SendAnswer> {
  const answer = await api.call<SendAnswer>('POST', `/rooms/${room}/messages`, {
    token: sender.token,
    body: { clientMessageId: crypto.randomUUID(), body, ...more },
  })
  assert.equal(answer.status, 201)
  return answer.body
}

/** The code of an error that a call is answered with. */
export async function codeOf(call: Promise<{ body: unknown }>): Promise<string> {
  return ((await call).body as { code: string }).code
}

before(async () => {
  server = await startTestServer({ rateLimit: false, apiKey: API_KEY })
  api = await Contract.of(server.url)
  mina = await register('mina')
  joon = await register('joon')
  sora = await register('sora')
})
after(() => server[Symbol.asyncDispose]())
