import type { HttpBindings } from '@hono/node-server'
import type { Logger } from 'pino'
import type { AccountService } from '../../core/accounts.ts'
import type { AdminService } from '../../core/admin.ts'
import type { Chat } from '../../core/chat.ts'
import type { FiguresKeeper } from '../../core/figures.ts'
import type { PasswordResets } from '../../core/password-resets.ts'
import type { Peers } from '../../core/peers.ts'
import type { RoomService } from '../../core/rooms.ts'
import type { Settings } from '../../core/settings.ts'
import type { Tokens, Verified } from '../../core/tokens.ts'
import type { ErrorCode } from '../../protocol/errors.ts'

/** What the configuration says; read anew each time, since it changes while the server runs. */
export interface HttpOptions {
  /** The address that people use, without a path: `https://chat.example.com`. */
  readonly publicUrl: string
  /** Browser origins besides our own that may use the API. */
  readonly allowedOrigins: string[]
  /** Addresses or ranges (CIDR) of proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: string[]
  /** Whether requests are limited per user and per address. */
  readonly rateLimit: boolean
  /** Bearer token that `/metrics` asks for; null: it answers this machine only. */
  readonly metricsToken: string | null
}

/** What the HTTP transport stands on. */
export interface HttpDeps {
  /** Whether this node serves the API, its documents and the page; what operators ask is always answered. */
  api: boolean
  accounts: AccountService
  resets: PasswordResets
  admin: AdminService
  figures: FiguresKeeper
  tokens: Tokens
  chat: Chat
  rooms: RoomService
  settings: Settings
  peers: Peers
  options: HttpOptions
  /** Asked by `/readyz`: whether this node can serve; the reason goes into the answer. */
  ready(): Promise<{ ready: boolean; reason?: string }>
  /** The text that Prometheus scrapes. */
  metrics(): Promise<string>
  version: string
  /** Folder of the built web client; null: there is none. */
  webDir: string | null
  log: Logger
  /** Told of every error that is answered. */
  rejected?(code: ErrorCode): void
}

/** Every handler's context: the Node request under it, and who asks once `authenticated` has run. */
export interface HttpEnv {
  Bindings: Partial<HttpBindings>
  Variables: {
    actor: Verified
    /** The client's address, and what limits count it by. */
    from: string
    address: string
  }
}
