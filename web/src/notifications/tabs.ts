/** How tabs of one user agree on who tells of news. */

/** How long the other tabs may take to say that the user looks at a room in them. */
const ANSWER_MS = 200

/**
 * Runs `start` in one tab at a time: at once when no other has begun, else when the one that has is gone. Without Web Locks
 * (a page that is not served securely) every tab is alone. What it answers ends it; what `start` answers is called then.
 */
export function inOneTab(name: string, start: () => () => void): () => void {
  let end: () => void = () => {}
  if (navigator.locks === undefined) return start()
  const giveUp = new AbortController()
  navigator.locks
    .request(name, { signal: giveUp.signal }, () => {
      const stop = start()
      return new Promise<void>((resolve) => {
        end = () => {
          stop()
          resolve()
        }
      })
    })
    .catch((error) => {
      // Given up before it was this tab's turn, or something else.
      if (!giveUp.signal.aborted) throw error
    })
  return () => {
    giveUp.abort()
    end()
  }
}

type Note = { asks: string; room: string } | { looks: string }

/** Whether the user has a room before their eyes, in this tab or another. To be held by every tab. */
export class Looks {
  readonly #channel: BroadcastChannel
  readonly #isHere: (room: string) => boolean
  readonly #waiting = new Map<string, () => void>()

  /** `isHere`: whether this tab shows the room to somebody. */
  constructor(name: string, isHere: (room: string) => boolean) {
    this.#isHere = isHere
    this.#channel = new BroadcastChannel(name)
    this.#channel.onmessage = ({ data }: MessageEvent<Note>) => {
      if ('looks' in data) this.#waiting.get(data.looks)?.()
      else if (this.#isHere(data.room)) this.#channel.postMessage({ looks: data.asks } satisfies Note)
    }
  }

  at(room: string): Promise<boolean> {
    if (this.#isHere(room)) return Promise.resolve(true)
    const asks = crypto.randomUUID()
    return new Promise((resolve) => {
      const settle = (looks: boolean) => {
        clearTimeout(timer)
        this.#waiting.delete(asks)
        resolve(looks)
      }
      const timer = setTimeout(() => settle(false), ANSWER_MS)
      this.#waiting.set(asks, () => settle(true))
      this.#channel.postMessage({ asks, room } satisfies Note)
    })
  }

  stop(): void {
    this.#channel.close()
  }
}
