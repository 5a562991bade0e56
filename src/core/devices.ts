import type { Bus } from '../ports/bus.ts'
import type { Login, Logins } from '../ports/logins.ts'
import { YeoulError } from '../protocol/errors.ts'
import type { Page, SignedInDevice } from '../protocol/model.ts'
import type { Actor } from './actor.ts'

const DEVICE_LENGTH = 256

/** Where a user is signed in, for that user alone: to see it, and to end what should not be. */
export class Devices {
  readonly #logins: Logins
  readonly #bus: Bus
  readonly #loginLifeMs: number
  readonly #now: () => number

  constructor(deps: { logins: Logins; bus: Bus }, loginLifeMs: number, now: () => number) {
    this.#logins = deps.logins
    this.#bus = deps.bus
    this.#loginLifeMs = loginLifeMs
    this.#now = now
  }

  /** The caller's living logins, the newest first. A page may be shorter than `limit` and not the last. */
  async list(actor: Actor, cursor: string | null, limit: number): Promise<Page<SignedInDevice>> {
    const { items, nextCursor } = await this.#logins.list(actor.user, cursor, limit)
    const now = this.#now()
    const devices = items.map((login) => this.#deviceOf(login, actor))
    return { items: devices.filter(({ expiresAt }) => expiresAt > now), nextCursor }
  }

  /** Ends a login of the caller's, be it the one that asks. Rejects `session_not_found`. */
  async end(actor: Actor, sid: string): Promise<void> {
    if (!(await this.#logins.endOwn(actor.user, sid, this.#now()))) throw new YeoulError('session_not_found')
    tellEnded(this.#bus, actor.user, [sid])
  }

  /** Ends all logins of the caller but the one that asks. */
  async endOthers(actor: Actor): Promise<void> {
    tellEnded(this.#bus, actor.user, await this.#logins.endAll(actor.user, this.#now(), actor.sid))
  }

  #deviceOf(login: Login, actor: Actor): SignedInDevice {
    const { sid, createdAt, lastUsedAt, device, address } = login
    const expiresAt = Math.min(login.expiresAt, createdAt + this.#loginLifeMs)
    return { id: sid, current: sid === actor.sid, device, address, createdAt, lastUsedAt, expiresAt }
  }
}

/** Tells every node, so that the connections of these logins close and their access tokens are refused. */
export function tellEnded(bus: Bus, user: string, sids: string[]): void {
  if (sids.length > 0) bus.publishToUser(user, { kind: 'logins_ended', sids })
}

/** What a client says it is, as it may be kept and shown; null when that is nothing. */
export function cleanDevice(device: string | undefined): string | null {
  const clean = (device ?? '').replaceAll(/\p{Cc}+/gu, ' ').trim()
  return clean === '' ? null : clean.slice(0, DEVICE_LENGTH)
}
