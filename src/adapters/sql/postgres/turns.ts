/** Lets calls that name the same key run one after the other, in the order in which they came; others run beside them. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>()

  async take<T>(keys: string[], work: () => Promise<T>): Promise<T> {
    const before = new Set<Promise<void>>()
    const { promise: done, resolve: end } = Promise.withResolvers<void>()
    const own = new Set(keys)
    for (const key of own) {
      const last = this.#last.get(key)
      if (last !== undefined) before.add(last)
      this.#last.set(key, done)
    }
    try {
      if (before.size > 0) await Promise.all(before)
      return await work()
    } finally {
      for (const key of own) if (this.#last.get(key) === done) this.#last.delete(key)
      end()
    }
  }
}
