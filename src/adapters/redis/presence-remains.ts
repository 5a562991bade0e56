import type { PresenceRemains } from '../../ports/presence.ts'
import type { RedisLink } from './connection.ts'
import type { RedisNodes } from './nodes.ts'
import { entriesOf, presenceLibrary, versionsOf, writtenKeys } from './presence-keys.ts'

/** So long one node has another's remains; if it dies meanwhile, the next one may take them. */
const CLAIM_MS = 30_000
const BATCH = 500
/** Dead nodes of which it is remembered when they were last heard of. */
const SEEN_MAX = 1_000

/** Finds the entries that dead nodes left in Redis, before they expire there. */
export class RedisPresenceRemains implements PresenceRemains {
  readonly #link: RedisLink
  readonly #nodes: RedisNodes
  readonly #partitions: number
  #seenAt = new Map<string, number>()

  constructor(options: { link: RedisLink; nodes: RedisNodes; partitions: number }) {
    this.#link = options.link
    this.#nodes = options.nodes
    this.#partitions = options.partitions
    options.nodes.onGone((id, seenAt) => {
      this.#seenAt.set(id, seenAt)
      if (this.#seenAt.size > SEEN_MAX) this.#seenAt.delete(this.#seenAt.keys().next().value as string)
    })
  }

  async settle(save: (exits: { room: string; user: string; at: number }[]) => Promise<void>): Promise<number> {
    const alive = await this.#nodes.surelyAlive()
    if (alive === null) return 0
    const tags = Array.from({ length: this.#partitions }, (_, partition) => String(partition))
    const written = await Promise.all(
      tags.map((tag) => this.#link.call(versionsOf(tag), 'HKEYS', [versionsOf(tag)]) as Promise<string[]>),
    )
    let settled = 0
    for (const [i, tag] of tags.entries()) {
      for (const node of written[i] as string[]) if (!alive.has(node)) settled += await this.#settleOne(tag, node, save)
    }
    return settled
  }

  async #settleOne(
    tag: string,
    node: string,
    save: (exits: { room: string; user: string; at: number }[]) => Promise<void>,
  ): Promise<number> {
    const claim = `${entriesOf(tag, node)}:claim`
    if ((await this.#link.call(claim, 'SET', [claim, this.#nodes.self.id, 'NX', 'PX', CLAIM_MS])) === null) return 0
    try {
      const keys: [string, string] = [entriesOf(tag, node), versionsOf(tag)]
      const [version, entries] = (await presenceLibrary.call(this.#link, 'presence_read', keys, [node])) as [
        string,
        string[],
      ]
      const at = this.#seenAt.get(node) ?? Date.now()
      const exits = entries
        .filter((entry) => entry !== '')
        .map((entry) => {
          const space = entry.indexOf(' ')
          return { room: entry.slice(0, space), user: entry.slice(space + 1), at }
        })
      for (let i = 0; i < exits.length; i += BATCH) await save(exits.slice(i, i + BATCH))
      // Unless it has come back meanwhile and written its entries anew.
      await presenceLibrary.call(this.#link, 'presence_forget', writtenKeys(tag, node), [node, version])
      return exits.length
    } finally {
      await this.#link.call(claim, 'DEL', [claim]).catch(() => {})
    }
  }
}
