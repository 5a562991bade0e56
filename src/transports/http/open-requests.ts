import type { IncomingMessage, ServerResponse } from 'node:http'

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown

/** Knows which requests have no answer yet, so that a node that stops leaves none of them behind. */
export class OpenRequests {
  #open = 0
  #keep = true
  #closed: () => void = () => {}

  /** Wraps the listener of a Node server. */
  counted(listener: Listener): Listener {
    return (request, response) => {
      this.#open++
      response.once('close', () => {
        this.#open--
        this.#closed()
      })
      response.shouldKeepAlive &&= this.#keep
      return listener(request, response)
    }
  }

  /**
   * From now on each answer is the last one of its connection: a proxy that keeps connections has none left when they are
   * closed, and so sends no request into the closing, which it could not send again elsewhere.
   */
  keepNone(): void {
    this.#keep = false
  }

  /** Resolves when every request has its answer, or after `withinMs`. */
  answered(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, withinMs)
      this.#closed = () => {
        if (this.#open > 0) return
        clearTimeout(timer)
        resolve()
      }
      this.#closed()
    })
  }
}
