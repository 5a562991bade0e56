import type { TestServer } from './server.ts'

/** Somebody who is signed in over HTTP. */
export interface Person {
  id: string
  username: string
  accessToken: string
  refreshToken: string
  /** Calls the API as this person; the answer's body is parsed. */
  call<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<{ status: number; body: T }>
  /** The same person at another node; calls are given up after `timeoutMs`, never without it. */
  at(url: string, timeoutMs?: number): Person
}

interface SignedIn {
  user: { id: string; username: string }
  accessToken: string
  refreshToken: string
}

let made = 0

/** A new user, signed in through the door for other services: no password is hashed. */
export async function newPerson(server: Pick<TestServer, 'url' | 'config'>, name = `p${++made}`): Promise<Person> {
  return signIn(server.url, '/auth/tokens', { externalId: name, displayName: name }, `Bearer ${server.config.apiKey}`)
}

/** The admin, made through the set-up link: once a server. */
export async function newAdmin(server: Pick<TestServer, 'url' | 'setupUrl'>): Promise<Person> {
  const setupToken = server.setupUrl?.split('#setup=')[1]
  return signIn(server.url, '/auth/register', { username: 'admin', password: 'a password of the admin', setupToken })
}

async function signIn(url: string, path: string, body: object, authorization = ''): Promise<Person> {
  const answer = await fetch(`${url}/api/v1${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: authorization },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`not signed in: ${answer.status} ${await answer.text()}`)
  const { user, accessToken, refreshToken } = (await answer.json()) as SignedIn
  return personAt(url, { id: user.id, username: user.username, accessToken, refreshToken })
}

function personAt(url: string, who: Omit<Person, 'call' | 'at'>, timeoutMs?: number): Person {
  return {
    ...who,
    async call<T>(method: string, path: string, body?: unknown) {
      const response = await fetch(`${url}/api/v1${path}`, {
        method,
        headers: {
          Authorization: `Bearer ${who.accessToken}`,
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(timeoutMs !== undefined && { signal: AbortSignal.timeout(timeoutMs) }),
      })
      const text = await response.text()
      return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as T }
    },
    at: (other, ms) => personAt(other, who, ms),
  }
}
