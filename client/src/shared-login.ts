/** What a tab tells the others: a login of this browser began or was ended here. */
export type LoginNews = 'signedIn' | 'signedOut'

/**
 * The tabs of one browser share the cookie, and so the login: what one of them does with it the others hear of at once,
 * also those that are offline. Outside a page there are no others.
 */
export class SharedLogin {
  readonly #channel: BroadcastChannel | null

  constructor(url: string, heard: (news: LoginNews) => void) {
    this.#channel = 'document' in globalThis ? new BroadcastChannel(`yeoul.login ${url}`) : null
    if (this.#channel !== null) this.#channel.onmessage = (event: MessageEvent) => heard(event.data as LoginNews)
  }

  tell(news: LoginNews): void {
    this.#channel?.postMessage(news)
  }

  close(): void {
    this.#channel?.close()
  }
}
