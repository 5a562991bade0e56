import { fail } from 'k6'
import http, { type RefinedResponse } from 'k6/http'

/** Where the server is: `YEOUL_URL`, without a slash at the end. */
export const URL = __ENV.YEOUL_URL ?? 'http://127.0.0.1:8080'

/** A number of the environment, more than 0. */
export function number(name: string, byDefault: number): number {
  const value = Number(__ENV[name] ?? byDefault)
  if (!(value > 0)) fail(`${name} must be a number above 0`)
  return value
}

export interface Person {
  id: string
  token: string
}

/** Tells the people of this run from those of others: user names are taken once. */
export function newRun(): string {
  return `k6-${Date.now().toString(36)}`
}

/**
 * Signs a new user in: with `YEOUL_API_KEY`, as a service signs in its own users, which hashes no password; without it by
 * registration. Ends the iteration when the server refuses.
 */
export function newPerson(name: string): Person {
  const key = __ENV.YEOUL_API_KEY
  const { user, accessToken } =
    key === undefined
      ? call<SignedIn>('POST', '/auth/register', null, { username: name, password: `the password of ${name}` })
      : call<SignedIn>('POST', '/auth/tokens', key, { externalId: name })
  return { id: user.id, token: accessToken }
}

interface SignedIn {
  user: { id: string }
  accessToken: string
}

/** The id of a new open room that `owner` is in. */
export function newRoom(owner: Person, title: string): string {
  return call<{ id: string }>('POST', '/rooms', owner.token, { title, kind: 'open' }).id
}

export function join(person: Person, room: string): void {
  call('POST', `/rooms/${room}/join`, person.token)
}

/** What a request answered; ends the iteration, with the server's reason, unless that is a success. */
export function call<T>(method: string, path: string, bearer: string | null, body?: object): T {
  const answer = request(method, path, bearer, body)
  if (answer.status < 200 || answer.status > 299) fail(`${method} ${path}: ${answer.status} ${answer.body}`)
  return JSON.parse(answer.body || 'null') as T
}

/** One request. Ids are left out of `path` in k6's figures: one name for each kind of request. */
export function request(
  method: string,
  path: string,
  bearer: string | null,
  body?: object,
): RefinedResponse<'text'> & { body: string } {
  const headers: Record<string, string> = {}
  if (bearer !== null) headers.Authorization = `Bearer ${bearer}`
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  const name = `${method} ${path.replace(/\?.*/, '').replace(/[0-9a-f-]{36}/g, '{id}')}`
  const answer = http.request(method, `${URL}/api/v1${path}`, body === undefined ? null : JSON.stringify(body), {
    headers,
    responseType: 'text',
    tags: { name },
  })
  return answer as RefinedResponse<'text'> & { body: string }
}
