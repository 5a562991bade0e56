import type { Administration, UserChanges } from '../ports/administration.ts'
import type { Rooms } from '../ports/rooms.ts'
import { PAGE_LIMIT } from '../protocol/limits.ts'
import type { Durability, Page } from '../protocol/model.ts'
import type { AdminRoom, AdminUser, ParkedItem, Summary } from '../protocol/model-admin.ts'
import type { AccountService } from './accounts.ts'
import { type Actor, authoriseAdmin } from './actor.ts'
import type { Audit } from './audit.ts'
import type { RoomService } from './rooms.ts'

/** A page that an admin asks for. */
export interface Range {
  q?: string | undefined
  cursor?: string | undefined
  limit?: number | undefined
}

/**
 * What admins see and do beside the configuration. Every use case rejects `forbidden` for all but admins. Nothing here tells
 * what was said in a room, nor of rooms between two people: an admin reads what they are a member of, as everybody does.
 */
export class AdminService {
  readonly #administration: Administration
  readonly #accounts: Pick<AccountService, 'changeUser'>
  readonly #rooms: Pick<Rooms, 'list'>
  readonly #roomService: Pick<RoomService, 'remove'>
  readonly #server: { storageLevel: Durability; version: string; startedAt: number }
  readonly #audit: Audit

  constructor(parts: {
    administration: Administration
    accounts: Pick<AccountService, 'changeUser'>
    rooms: Pick<Rooms, 'list'>
    roomService: Pick<RoomService, 'remove'>
    /** This node. */
    server: { storageLevel: Durability; version: string; startedAt: number }
    audit: Audit
  }) {
    this.#administration = parts.administration
    this.#accounts = parts.accounts
    this.#rooms = parts.rooms
    this.#roomService = parts.roomService
    this.#server = parts.server
    this.#audit = parts.audit
  }

  /** All accounts by user name; with `q` those of which a name begins with it. */
  async users(actor: Actor, { q, cursor, limit }: Range): Promise<Page<AdminUser>> {
    authoriseAdmin(actor)
    return this.#administration.users((q ?? '').trim(), cursor ?? null, limit ?? PAGE_LIMIT.default)
  }

  /**
   * Shuts an account out or lets it in again, and gives or takes the role of an admin, on all nodes at once. Rejects
   * `user_not_found`, `last_admin`.
   */
  async changeUser(actor: Actor, id: string, changes: UserChanges): Promise<AdminUser> {
    authoriseAdmin(actor)
    const user = await this.#accounts.changeUser(id, changes)
    const { disabled, role } = changes
    if (disabled !== undefined) this.#audit({ admin: actor.user, did: disabled ? 'disable' : 'enable', user: id })
    if (role !== undefined) this.#audit({ admin: actor.user, did: 'set_role', user: id, role })
    return user
  }

  /** Open rooms and groups, the liveliest first; with `q` those whose title holds it. */
  async rooms(actor: Actor, { q, cursor, limit }: Range): Promise<Page<AdminRoom>> {
    authoriseAdmin(actor)
    const page = await this.#rooms.list(q ?? '', cursor ?? null, limit ?? PAGE_LIMIT.default)
    return { ...page, items: page.items.map(({ n, ...room }) => ({ ...room, messageCount: n })) }
  }

  /** Ends a room for everybody, as its owner could. Rejects `room_not_found`, also for a direct room of others. */
  async removeRoom(actor: Actor, id: string): Promise<void> {
    authoriseAdmin(actor)
    await this.#roomService.remove(actor, id)
  }

  async summary(actor: Actor): Promise<Summary> {
    authoriseAdmin(actor)
    const { storageLevel, version, startedAt } = this.#server
    const counts = await this.#administration.counts()
    return { ...counts, storageLevel, version, uptimeMs: Date.now() - startedAt }
  }

  async parked(actor: Actor, { cursor, limit }: Range): Promise<Page<ParkedItem>> {
    authoriseAdmin(actor)
    return this.#administration.parked(cursor ?? null, limit ?? PAGE_LIMIT.default)
  }

  /** Rejects `parked_not_found`, `parked_refused`. */
  async retryParked(actor: Actor, id: number): Promise<void> {
    authoriseAdmin(actor)
    await this.#administration.retryParked(id)
    this.#audit({ admin: actor.user, did: 'retry_parked', entry: id })
  }
}
