import type { Message } from '../../src/protocol/model.ts'
import type { Place } from './api.ts'
import type { Api } from './api-http.ts'
import { asYeoulError, YeoulError } from './errors.ts'
import type { MessageWindow, PageTicket } from './message-window.ts'

/** A jump whose page is of no use when it comes (so much happened meanwhile) is made again so often. */
const JUMP_TRIES = 3

/** Fetches the pages of a timeline's history: before what is shown, after it, or around a place that is jumped to. */
export class TimelinePages {
  readonly #room: string
  readonly #api: Api
  readonly #window: MessageWindow
  readonly #limit: number
  readonly #changed: () => void
  readonly #loads = new Map<'older' | 'newer', Promise<boolean>>()
  #jump = 0
  #turn = 0

  constructor(room: string, api: Api, window: MessageWindow, limit: number, changed: () => void) {
    this.#room = room
    this.#api = api
    this.#window = window
    this.#limit = limit
    this.#changed = changed
  }

  /** Resolves whether there is more on that side. A load that is running is joined. */
  load(kind: 'older' | 'newer'): Promise<boolean> {
    const running = this.#loads.get(kind)
    if (running !== undefined) return running
    const ticket = this.#window.begin(kind)
    if (ticket === null) return Promise.resolve(this.#hasMore(kind))
    const loading = this.#load(ticket, kind).finally(() => {
      if (this.#loads.get(kind) === loading) this.#loads.delete(kind)
    })
    this.#loads.set(kind, loading)
    return loading
  }

  /** See Timeline.goTo. The newest jump counts. */
  async goTo(place: Place): Promise<Message | null> {
    const jump = ++this.#jump
    for (let tries = 0; tries < JUMP_TRIES; tries++) {
      const here = this.#window.show(place)
      if (here !== undefined || this.#window.newest === undefined) return this.#arrived(here)
      const ticket = this.#window.begin('around')!
      try {
        const range = 'seq' in place ? { around: Math.max(1, place.seq) } : { aroundN: Math.max(1, place.n) }
        const page = await this.#api.history(this.#room, { ...range, limit: this.#limit })
        if (jump !== this.#jump) return null
        if (this.#window.add(ticket, page)) return this.#arrived(this.#window.near(place))
      } catch (error) {
        if (jump !== this.#jump) return null
        throw asYeoulError(error)
      } finally {
        this.#window.drop(ticket)
      }
    }
    throw new YeoulError('unavailable', 'The room changes faster than it is read.', true)
  }

  toLatest(): void {
    this.#jump++
    this.#window.toLatest()
    this.#abandonLoads()
    this.#changed()
  }

  /** The notices of a newest page that came without them; a failure costs the lines and nothing else. */
  loadNotices(head: number, messages: number): void {
    const turn = this.#turn
    const range = { before: head + 1, limit: Math.max(1, messages) }
    this.#api.history(this.#room, range).then(
      ({ notices }) => {
        if (turn !== this.#turn) return
        this.#window.addNotices(notices)
        this.#changed()
      },
      () => {},
    )
  }

  /** The room was begun anew, or nobody looks: what is on its way is of no use. */
  abandon(): void {
    this.#turn++
    this.#jump++
    this.#loads.clear()
  }

  #arrived(message: Message | undefined): Message | null {
    this.#abandonLoads()
    this.#changed()
    return message ?? null
  }

  /** What is loading may belong to a run that is shown no more: another load need not wait for it. */
  #abandonLoads(): void {
    if (!this.#window.loadingOlder) this.#loads.delete('older')
    if (!this.#window.loadingNewer) this.#loads.delete('newer')
  }

  #hasMore(kind: 'older' | 'newer'): boolean {
    return kind === 'older' ? this.#window.hasOlder : this.#window.hasNewer
  }

  async #load(ticket: PageTicket, kind: 'older' | 'newer'): Promise<boolean> {
    this.#changed()
    try {
      const range = kind === 'older' ? { before: ticket.at } : { after: ticket.at }
      const page = await this.#api.history(this.#room, { ...range, limit: this.#limit })
      this.#window.add(ticket, page)
      return this.#hasMore(kind)
    } catch (error) {
      throw asYeoulError(error)
    } finally {
      this.#window.drop(ticket)
      this.#changed()
    }
  }
}
