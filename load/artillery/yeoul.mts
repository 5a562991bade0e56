/**
 * What Artillery's own steps cannot do, for the scripts beside it. Its `target` is the server's address, over http; the
 * environment says more: `YEOUL_API_KEY` signs people in by the server's API key (without it they register), `ROOMS` is how
 * many rooms there are (50 when not given).
 *
 * An .mts, which Node runs as it is: Artillery would bundle a .ts, as a script of the other module system.
 */
import type { EventEmitter } from 'node:events'
import type { WebSocket } from 'ws'
import { LiveRoom } from './live-room.ts'

/** What Artillery keeps for one of its users. */
export interface Context {
  vars: { target: string; $uuid: string; rooms?: string[]; room?: string; token?: string; $loopCount?: number }
  /** Once connected. */
  ws?: WebSocket
  live?: LiveRoom
}

/** Once, before everything: rooms for all. */
export async function makeRooms({ vars }: Context): Promise<void> {
  const token = await newPerson(vars.target, `artillery-${vars.$uuid}`)
  const count = Number(process.env.ROOMS || 50)
  const made = Array.from({ length: count }, (_, i) =>
    call<{ id: string }>(vars.target, '/rooms', token, { title: `Artillery ${i}`, kind: 'open' }),
  )
  vars.rooms = (await Promise.all(made)).map(({ id }) => id)
}

/** Before the connection: a new user, in one of the rooms. Its place in the script is `connect`, which names the address. */
export function signIn(connection: { target: string }, { vars }: Context, done: (error?: Error) => void): void {
  const enter = async () => {
    const rooms = vars.rooms!
    vars.room = rooms[Math.floor(Math.random() * rooms.length)]!
    vars.token = await newPerson(vars.target, `artillery-${vars.$uuid}`)
    await call(vars.target, `/rooms/${vars.room}/join`, vars.token, {})
    connection.target = `${vars.target.replace(/^http/, 'ws')}/ws`
  }
  enter().then(() => done(), done)
}

/** From here on every event of the room is timed and checked. */
export async function enter(context: Context, figures: EventEmitter): Promise<void> {
  context.live = new LiveRoom(context.ws!, figures, context.vars.room!)
  await context.live.enter(context.vars.token!)
}

export async function sendAcknowledged({ live, vars }: Context): Promise<void> {
  await live!.send(`${vars.$uuid}-${vars.$loopCount}`, 64)
}

/** The last step: every event up to the room's head is here then, or counts as missing. */
export async function leaveComplete({ live }: Context): Promise<void> {
  await live!.complete()
}

/** The access token of a new user. */
async function newPerson(target: string, name: string): Promise<string> {
  const key = process.env.YEOUL_API_KEY
  const { accessToken } =
    key === undefined
      ? // User names are shorter than ids are.
        await call<SignedIn>(target, '/auth/register', null, { username: name.slice(0, 32), password: `of ${name}` })
      : await call<SignedIn>(target, '/auth/tokens', key, { externalId: name })
  return accessToken
}

interface SignedIn {
  accessToken: string
}

/** What a POST answered. Throws with the server's reason, or with the system's when there was no answer. */
async function call<T>(target: string, path: string, bearer: string | null, body: object): Promise<T> {
  const what = `POST ${path.replace(/[0-9a-f-]{36}/g, '{id}')}`
  const answer = await fetch(`${target}/api/v1${path}`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      ...(bearer !== null && { Authorization: `Bearer ${bearer}` }),
    },
    body: JSON.stringify(body),
  }).catch((error: Error) => {
    // "fetch failed" says nothing; its cause does.
    const { code, message } = error.cause as { code?: string; message: string }
    throw new Error(`${what}: ${code ?? message}`)
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${what}: ${answer.status} ${(JSON.parse(text) as { code: string }).code}`)
  return JSON.parse(text) as T
}
