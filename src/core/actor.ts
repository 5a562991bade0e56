import { YeoulError } from '../protocol/errors.ts'
import type { UserRole } from '../protocol/model.ts'

/** Who asks: what a verified access token says. Every use case takes one and authorises by it. */
export interface Actor {
  user: string
  /** The login (family of refresh tokens) behind the access token. */
  sid: string
  role: UserRole
}

/** Throws `forbidden` for all but admins of the server. */
export function authoriseAdmin(actor: Actor): void {
  if (actor.role !== 'admin') throw new YeoulError('forbidden', 'This is for admins.')
}
