import type { UserRole } from '../protocol/model.ts'

/** Who asks: what a verified access token says. Every use case takes one and authorises by it. */
export interface Actor {
  user: string
  /** The login (family of refresh tokens) behind the access token. */
  sid: string
  role: UserRole
}
