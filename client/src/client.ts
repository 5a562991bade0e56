import type { Answers, Push } from '../../src/protocol/frames.ts'
import type { Position } from '../../src/protocol/model.ts'
import type { Client, ClientOptions, Feed, FeedHandlers } from './api.ts'
import { Login } from './auth.ts'
import { createApi } from './calls.ts'
import { KeptConnection } from './connection.ts'
import { clientClosed } from './errors.ts'
import { RoomFeed } from './feed.ts'
import { Http } from './http.ts'
import { Outbox } from './outbox.ts'
import { type Surroundings, surroundingsOf } from './platform.ts'
import { ReadMarks } from './read-marks.ts'
import { LiveRoomList } from './room-list.ts'
import { RoomTimeline } from './timeline.ts'
import { KeptUsers } from './user-directory.ts'

/** Makes a client; nothing is sent before it is asked to. */
export function createClient(options: ClientOptions): Client {
  const around: Surroundings = surroundingsOf(options)
  const http = new Http(around)
  const login = new Login(around, http, options.auth)
  const api = createApi(http, login)
  const connection = new KeptConnection(around, login, { online, offline, push })
  const outbox = new Outbox(around, connection, options.storage, {
    changed: (room) => timelines.get(room)?.timeline.pendingChanged(),
    awaits: (room, seq) => timelines.get(room)?.timeline.awaits(seq) ?? false,
  })
  const marks = new ReadMarks(around, connection)
  const rooms = new LiveRoomList(around, connection, api, () => {
    if (!closed) connect()
  })
  const users = new KeptUsers(around, api)
  const feeds = new Map<string, RoomFeed>()
  /** In the order of their last use; those with no opening are kept, a bounded number of them. */
  const timelines = new Map<string, { timeline: RoomTimeline; openings: number }>()
  let me = ''
  let wanted = false
  let closed = false

  login.onToken = (token) => connection.renewedToken(token)
  login.onUser = (user) => users.put(user)
  users.onChange = (user) => login.renamed(user)
  login.onSignedIn = () => {
    const { state } = login
    if (state.state === 'signedIn' && state.user !== null) own(state.user.id)
    if (wanted) connection.connect()
  }
  login.onSignedOut = (by) => {
    const { state } = login
    connection.stop(state.state === 'signedOut' ? state.error : undefined)
    if (by === 'logout') forget()
  }

  function online(hello: Answers['hello']): void {
    own(hello.user)
    for (const feed of [...feeds.values()]) feed.online(hello.user)
    outbox.online()
    marks.online()
    rooms.online(hello.user)
    users.online()
  }

  function offline(): void {
    for (const feed of [...feeds.values()]) feed.offline()
    outbox.offline()
    rooms.offline()
  }

  function push(push: Push): void {
    switch (push.push) {
      case 'heads':
        rooms.heads(push.rooms)
        return
      case 'room_added': {
        rooms.added()
        const kept = timelines.get(push.room)
        if (kept !== undefined && kept.openings > 0) kept.timeline.readmitted()
        return
      }
      case 'mentioned': {
        const { room, seq, n, actor } = push
        rooms.mentioned({ room, seq, n, actor })
        return
      }
      case 'notify':
        rooms.notify(push.room, push.notify)
        return
      case 'room_removed':
        rooms.removed(push.room)
        feeds.get(push.room)?.removed()
        return
      default:
        if ('room' in push) feeds.get(push.room)?.push(push)
    }
  }

  /** Who is signed in; what belongs to another is dropped. */
  function own(user: string): void {
    if (me !== '' && me !== user) forget()
    me = user
    outbox.own(user)
  }

  function forget(): void {
    me = ''
    outbox.clear()
    marks.clear()
    rooms.clear()
    for (const [room, { timeline, openings }] of timelines) {
      if (openings > 0) timeline.forget()
      else {
        timeline.dispose()
        timelines.delete(room)
      }
    }
  }

  function connect(): void {
    if (closed) throw clientClosed()
    wanted = true
    if (connection.state.state === 'idle') connection.connect()
  }

  function openFeed(room: string, handlers: FeedHandlers, from: Position | null): Feed {
    if (feeds.has(room)) throw new Error(`Room ${room} is open already`)
    const feed: RoomFeed = new RoomFeed(around, connection, room, handlers, from, () => {
      if (feeds.get(room) === feed) feeds.delete(room)
    })
    feeds.set(room, feed)
    connect()
    if (connection.user !== null) feed.online(connection.user)
    return feed
  }

  function release(timeline: RoomTimeline): void {
    const kept = timelines.get(timeline.room)
    if (kept?.timeline !== timeline || kept.openings === 0) return
    if (--kept.openings > 0) return
    timeline.rest()
    timelines.delete(timeline.room)
    timelines.set(timeline.room, kept)
    const resting = [...timelines.values()].filter(({ openings }) => openings === 0)
    for (const { timeline } of resting.slice(0, -around.tuning.keptTimelines || resting.length)) {
      timeline.dispose()
      timelines.delete(timeline.room)
    }
  }

  const parts = {
    around,
    connection,
    api,
    outbox,
    marks,
    me: () => me,
    openFeed,
    subscribed: rooms.subscribed.bind(rooms),
    seen: rooms.seen.bind(rooms),
    read: rooms.read.bind(rooms),
    release,
  }

  return {
    auth: login,
    api,
    connection,
    rooms,
    users,
    openRoom(room) {
      if (closed) throw clientClosed()
      let kept = timelines.get(room)
      if (kept === undefined) {
        kept = { timeline: new RoomTimeline(parts, room), openings: 0 }
        timelines.set(room, kept)
      }
      users.lookAnew()
      kept.openings++
      kept.timeline.open()
      return kept.timeline
    },
    subscribe(room, handlers, from) {
      return openFeed(room, handlers, from ?? null)
    },
    send(room, body, sendOptions) {
      connect()
      return outbox.add(room, body, sendOptions)
    },
    unsent: () => outbox.unsent(),
    connect() {
      if (closed) throw clientClosed()
      wanted = true
      connection.connect()
    },
    close() {
      if (closed) return
      closed = true
      for (const { timeline } of timelines.values()) timeline.dispose()
      timelines.clear()
      for (const feed of [...feeds.values()]) feed.close()
      outbox.close()
      marks.clear()
      rooms.stop()
      users.stop()
      connection.dispose()
      login.close()
      http.close()
    },
  }
}
