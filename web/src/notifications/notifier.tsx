import type { Client, RoomListEntry } from '@yeoul/client'
import { useEffect, useRef } from 'react'
import { addWords, type Translate, useWords } from '../i18n/index.ts'
import { notifications } from '../i18n/words/notifications.ts'
import { shortText } from '../people/short-text.ts'
import { go, linkTo, routeNow } from '../route.ts'
import { useClient } from '../session/client.ts'
import { useSettings } from '../settings/settings.ts'
import { type News, NewsWatch } from './news.ts'
import { permission } from './permission.ts'
import { soundNews } from './sound.ts'
import { inOneTab, Looks } from './tabs.ts'

addWords(notifications)

/** When news come from more rooms than this at once, as after a night's sleep, one notification tells of all. */
const ROOMS_MAX = 3
const ALL = 'yeoul'
/** In a hot room one notification takes the place of the one before at most so often. */
const REST_MS = 1_000

/** Tells of new messages, from one tab for all, while nobody looks at their room. Shows nothing in the page itself. */
export function Notifier({ me }: { me: string }) {
  const client = useClient()
  const { t } = useWords()
  const words = useRef(t)
  words.current = t
  useEffect(() => {
    const looks = new Looks(`yeoul.looks.${me}`, isLookedAt)
    const leave = inOneTab(`yeoul.notifier.${me}`, () => {
      const teller = new Teller(client, looks, (key, values) => words.current(key, values))
      const watch = new NewsWatch(client.rooms, me, (news) => void teller.tell(news))
      const unsubscribe = client.rooms.subscribe(() => teller.closeRead())
      return () => {
        watch.stop()
        unsubscribe()
        teller.stop()
      }
    })
    return () => {
      leave()
      looks.stop()
    }
  }, [client, me])
  return null
}

function isLookedAt(room: string): boolean {
  const route = routeNow()
  return document.visibilityState === 'visible' && document.hasFocus() && route.at === 'room' && route.room === room
}

class Teller {
  readonly #client: Client
  readonly #looks: Looks
  readonly #t: Translate
  /** By room, or ALL. */
  readonly #shown = new Map<string, Notification>()
  /** By room, the `n` of the newest that is to be shown: the words of an older one may be found later. */
  readonly #newest = new Map<string, number>()
  /** By room, when the next may be shown. */
  readonly #restsUntil = new Map<string, number>()
  #stopped = false

  constructor(client: Client, looks: Looks, t: Translate) {
    this.#client = client
    this.#looks = looks
    this.#t = t
  }

  async tell(news: News[]): Promise<void> {
    const unseen = await Promise.all(news.map(async (each) => ((await this.#looks.at(each.room)) ? null : each)))
    const unread = unseen.filter((each) => each !== null && this.#isUnread(each)) as News[]
    if (unread.length === 0 || this.#stopped) return
    const { desktop, sound } = useSettings.getState()
    if (sound) soundNews()
    if (!desktop || permission() !== 'granted') return
    if (unread.length > ROOMS_MAX) {
      this.#show(ALL, this.#t('notifications.many', { count: unread.length }), '', linkTo.home)
      return
    }
    for (const { room, n } of unread) this.#newest.set(room, Math.max(n, this.#newest.get(room) ?? 0))
    for (const each of unread) {
      const entry = this.#client.rooms.get(each.room)
      if (entry === undefined) continue
      const link = linkTo.room(each.room, each.seq)
      const [title, body] = await this.#words(each, entry)
      await delay((this.#restsUntil.get(each.room) ?? 0) - performance.now())
      const isNewest = this.#newest.get(each.room) === each.n
      if (!isNewest || this.#stopped || !this.#isUnread(each)) continue
      this.#restsUntil.set(each.room, performance.now() + REST_MS)
      this.#show(each.room, title, body, link)
    }
  }

  /** What was read, here or elsewhere, needs no notification any more. */
  closeRead(): void {
    for (const [room, notification] of this.#shown) {
      const entry = this.#client.rooms.get(room)
      const isRead = room === ALL ? this.#client.rooms.getSnapshot().unread === 0 : !entry || entry.unread === 0
      if (isRead) notification.close()
    }
  }

  stop(): void {
    this.#stopped = true
    for (const notification of this.#shown.values()) notification.close()
  }

  #isUnread({ room, n }: News): boolean {
    const entry = this.#client.rooms.get(room)
    return entry !== undefined && entry.membership.readN < n && entry.membership.notify !== 'none'
  }

  async #words(
    { room, seq, sender, message, isMention }: News,
    entry: RoomListEntry,
  ): Promise<[title: string, body: string]> {
    const { users, api } = this.#client
    const { hideText } = useSettings.getState()
    // A mention may come before its message is known here. Without its text the notification is still of use.
    const said = hideText ? null : (message ?? (await api.message(room, seq).catch(() => null)))
    await users.load([sender, ...(said?.mentions ?? [])]).catch(() => {})
    const text = said && shortText(said, users.getSnapshot())
    const name = users.getSnapshot().get(sender)?.displayName ?? this.#t('people.unknown')
    const direct = entry.room.kind === 'direct'
    const title = direct ? name : entry.room.title
    if (!text) return [title, this.#t(isMention ? 'notifications.calls' : 'notifications.writes', { name })]
    return [title, direct ? text : `${name}: ${text}`]
  }

  #show(key: string, title: string, body: string, link: string): void {
    let notification: Notification
    try {
      // One a room: a new one takes the place of the one before. The sound is the page's own.
      notification = new Notification(title, { body, tag: `yeoul-${key}`, silent: true })
    } catch {
      // Browsers on phones have the constructor and refuse it.
      return
    }
    this.#shown.set(key, notification)
    notification.onclick = () => {
      focus()
      go(link)
      notification.close()
    }
    notification.onclose = () => {
      if (this.#shown.get(key) === notification) this.#shown.delete(key)
    }
  }
}

const delay = (ms: number) => new Promise<void>((resolve) => (ms > 0 ? setTimeout(resolve, ms) : resolve()))
