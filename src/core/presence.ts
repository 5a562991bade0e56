import type { Presence } from '../ports/presence.ts'
import type { Flusher } from './flusher.ts'
import type { HotRooms } from './hot-rooms.ts'

/**
 * Tells subscribers who came and went: gathered over a tick, so that a crowd is one push; above `names` online only the
 * count, so that a big room does not tell everybody about everybody.
 */
export class PresenceTicker {
  readonly #presence: Presence
  readonly #hotRooms: HotRooms
  readonly #flusher: Flusher
  readonly #names: () => number
  /** Room -> user -> online now. Who came and went within a tick is told as they are now. */
  #changed = new Map<string, Map<string, boolean>>()
  #timer: NodeJS.Timeout | null = null

  constructor(options: {
    presence: Presence
    hotRooms: HotRooms
    flusher: Flusher
    /** The most users online of whom a room names each. */
    names: () => number
  }) {
    this.#presence = options.presence
    this.#hotRooms = options.hotRooms
    this.#flusher = options.flusher
    this.#names = options.names
    options.presence.onChange((room, user, online) => {
      let users = this.#changed.get(room)
      if (users === undefined) {
        users = new Map()
        this.#changed.set(room, users)
      }
      users.set(user, online)
    })
  }

  start(tickMs: number): void {
    this.#timer = setInterval(() => this.tick(), tickMs)
    this.#timer.unref()
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
  }

  tick(): void {
    const changed = this.#changed
    this.#changed = new Map()
    for (const [room, users] of changed) {
      const hot = this.#hotRooms.get(room)
      if (hot === undefined || !hot.live) continue
      const count = this.#presence.count(room)
      const push: Record<string, unknown> = { push: 'presence', room }
      if (count <= this.#names()) {
        const online = [...users].filter(([, on]) => on).map(([user]) => user)
        const offline = [...users].filter(([, on]) => !on).map(([user]) => user)
        if (online.length > 0) push.online = online
        if (offline.length > 0) push.offline = offline
      }
      push.count = count
      this.#flusher.ephemeral(hot, JSON.stringify(push))
    }
  }

  /** The answer to the `presence` command. */
  async snapshot(room: string): Promise<{ online: string[]; count: number }> {
    const { users, count } = await this.#presence.list(room, this.#names())
    return { online: count <= this.#names() ? users : [], count }
  }
}
