import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Mention, RoomList, RoomListEntry } from '../../client/src/api.ts'
import type { Message, NotifyLevel, RoomKind } from '../../src/protocol/model.ts'
import { type News, NewsWatch } from '../../web/src/notifications/news.ts'

const ME = 'me'

interface RoomNow {
  n: number
  readN?: number
  notify?: NotifyLevel
  kind?: RoomKind
  sender?: string
  mentions?: number[]
  body?: string | null
}

/** A list of rooms under the test's hand. */
class FakeRooms {
  #listeners = new Set<() => void>()
  #onMention = new Set<(mention: Mention) => void>()
  #entries = new Map<string, RoomListEntry>()
  state: 'loading' | 'ready' = 'ready'
  getSnapshot = () => ({ state: this.state, rooms: [...this.#entries.values()], unread: 0, mentions: 0 })
  subscribe = (listener: () => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  onMention = (listener: (mention: Mention) => void) => {
    this.#onMention.add(listener)
    return () => this.#onMention.delete(listener)
  }
  get = (room: string) => this.#entries.get(room)

  set(
    id: string,
    { n, readN = 0, notify = 'all', kind = 'open', sender = 'you', mentions = [], body = 'hi' }: RoomNow,
  ) {
    const lastMessage = n === 0 ? null : ({ seq: n, n, sender, body, mentions: [] } as unknown as Message)
    const entry = { room: { id, kind }, membership: { readN, notify }, unread: Math.max(0, n - readN), lastMessage }
    const unreadMentions = mentions.filter((each) => each > readN)
    this.#entries.set(id, { ...entry, unreadMentions, mentions: unreadMentions.length } as unknown as RoomListEntry)
    for (const listener of this.#listeners) listener()
  }
  mention(room: string, n: number) {
    for (const listener of this.#onMention) listener({ room, seq: n, n, actor: 'you' })
  }
  get listeners() {
    return this.#listeners.size + this.#onMention.size
  }
}

function watched(rooms: FakeRooms) {
  const told: News[] = []
  const watch = new NewsWatch(rooms as unknown as RoomList, ME, (news) => told.push(...news))
  /** What was told since the last look, as `room n` with an @ for mentions. */
  const news = () => told.splice(0).map(({ room, n, isMention }) => `${room} ${n}${isMention ? ' @' : ''}`)
  return { watch, news }
}

test('what was there at the beginning is no news; what comes after is, once', () => {
  const rooms = new FakeRooms()
  rooms.state = 'loading'
  rooms.set('a', { n: 5, readN: 2 })
  const { news } = watched(rooms)
  rooms.state = 'ready'
  rooms.set('b', { n: 1, readN: 1 })
  assert.deepEqual(news(), [])
  rooms.set('a', { n: 6, readN: 2 })
  rooms.set('a', { n: 6, readN: 2 })
  rooms.set('b', { n: 2, readN: 1 })
  assert.deepEqual(news(), ['a 6', 'b 2'])
})

test('one’s own messages, deleted ones and what is read already are no news', () => {
  const rooms = new FakeRooms()
  rooms.set('a', { n: 0 })
  const { news } = watched(rooms)
  rooms.set('a', { n: 1, sender: ME })
  rooms.set('a', { n: 2, body: null })
  rooms.set('a', { n: 3, readN: 3 })
  assert.deepEqual(news(), [])
})

test('a level of mentions lets only mentions through, a muted room nothing, a direct room all but when it is muted', () => {
  const rooms = new FakeRooms()
  const levels: [string, RoomNow][] = [
    ['calm', { n: 0, notify: 'mentions' }],
    ['mute', { n: 0, notify: 'none' }],
    ['pair', { n: 0, notify: 'mentions', kind: 'direct' }],
    ['mute pair', { n: 0, notify: 'none', kind: 'direct' }],
  ]
  for (const [id, now] of levels) rooms.set(id, now)
  const { news } = watched(rooms)
  for (const [id, now] of levels) rooms.set(id, { ...now, n: 1 })
  assert.deepEqual(news(), ['pair 1'])
  for (const [id, now] of levels) rooms.set(id, { ...now, n: 2, mentions: [2] })
  assert.deepEqual(news(), ['calm 2 @', 'pair 2 @'])
  for (const [id] of levels) rooms.mention(id, 3)
  assert.deepEqual(news(), ['calm 3 @', 'pair 3 @'])
})

test('a mention and its message are one piece of news, whichever is first; what follows is another', () => {
  const rooms = new FakeRooms()
  rooms.set('a', { n: 1 })
  const { news } = watched(rooms)
  rooms.mention('a', 2)
  rooms.set('a', { n: 2, mentions: [2] })
  assert.deepEqual(news(), ['a 2 @'])
  rooms.set('a', { n: 3, mentions: [2, 3] })
  rooms.mention('a', 3)
  assert.deepEqual(news(), ['a 3 @'])
  rooms.set('a', { n: 4, mentions: [2, 3] })
  assert.deepEqual(news(), ['a 4'])
})

test('a mention calls although its message was looked at before, and when it came while there was no connection', () => {
  const rooms = new FakeRooms()
  rooms.set('calm', { n: 1, notify: 'mentions' })
  rooms.set('all', { n: 1 })
  const { news } = watched(rooms)
  for (const room of ['calm', 'all']) {
    rooms.set(room, { n: 2, notify: room === 'calm' ? 'mentions' : 'all' })
    rooms.mention(room, 2)
    assert.deepEqual(news(), [room === 'calm' ? 'calm 2 @' : 'all 2'])
  }
  rooms.set('calm', { n: 5, notify: 'mentions', mentions: [2, 4] })
  assert.deepEqual(news(), ['calm 5'])
  rooms.set('calm', { n: 6, notify: 'mentions', mentions: [2, 4] })
  assert.deepEqual(news(), [])
})

test('a room that has just come tells what was said since', () => {
  const rooms = new FakeRooms()
  rooms.set('a', { n: 1 })
  const { news } = watched(rooms)
  rooms.set('new', { n: 4, readN: 3, kind: 'direct' })
  rooms.set('quiet', { n: 4, readN: 4 })
  assert.deepEqual(news(), ['new 4'])
})

test('who stops watching is told nothing more', () => {
  const rooms = new FakeRooms()
  rooms.set('a', { n: 1 })
  const { watch, news } = watched(rooms)
  watch.stop()
  assert.equal(rooms.listeners, 0)
  rooms.set('a', { n: 2 })
  assert.deepEqual(news(), [])
})
