import type { TestServer } from './server.ts'

/** Somebody who is signed in over HTTP. */
export interface Person {
  id: string
  username: string
  accessToken: string
  refreshToken: string
  /** Calls the API as this person; the answer's body is parsed. */
  call<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<{ status: number; body: T }>
}

let made = 0

/** A new user, signed in through the door for other services: no password is hashed. */
export async function newPerson(server: Pick<TestServer, 'url' | 'config'>, name = `p${++made}`): Promise<Person> {
  const answer = await fetch(`${server.url}/api/v1/auth/tokens`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${server.config.apiKey}` },
    body: JSON.stringify({ externalId: name, displayName: name }),
  })
  if (!answer.ok) throw new Error(`no token: ${answer.status} ${await answer.text()}`)
  const { user, accessToken, refreshToken } = (await answer.json()) as {
    user: { id: string; username: string }
    accessToken: string
    refreshToken: string
  }
  return {
    id: user.id,
    username: user.username,
    accessToken,
    refreshToken,
    async call<T>(method: string, path: string, body?: unknown) {
      const response = await fetch(`${server.url}/api/v1${path}`, {
        method,
        headers: {
          Authorization: `Bearer ${accessToken}`,
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as T }
    },
  }
}
