import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Client, ClientOptions, StoredMessage } from '../../client/src/api.ts'
import { createClient } from '../../client/src/client.ts'
import { MemoryOutbox } from '../support/memory-outbox.ts'
import { ME, Peer, page, said, settled } from './peer.ts'

const ROOM = 'room-1'

async function online(t: { after(fn: () => void): void }, options: Partial<ClientOptions> = {}, peer = new Peer()) {
  const client: Client = createClient({
    url: 'http://peer',
    auth: { session: 'token', refreshToken: 'refresh-0' },
    platform: peer.platform(),
    onError: (error) => assert.fail(error as Error),
    ...options,
  })
  t.after(() => client.close())
  client.connect()
  await settled()
  const sent = () =>
    peer.links.flatMap((link) => link.asked('send')).map(({ body, retry }) => (retry ? `${body}!` : body))
  return { peer, client, sent }
}

const stored = (seq: number) => ({ seq, n: seq, at: seq, durability: 'stored', duplicate: false })

test('messages of a room are sent one after the other, those of two rooms side by side', async (t) => {
  const { peer, client, sent } = await online(t)
  for (const body of ['a', 'b']) client.send(ROOM, body)
  client.send('room-2', 'other')
  assert.equal(client.unsent(), 3)
  await settled()
  assert.deepEqual(sent(), ['a', 'other'])
  peer.link.ok(peer.link.asked('send')[0]!, stored(1))
  await settled()
  assert.deepEqual(sent(), ['a', 'other', 'b'])
  assert.equal(client.unsent(), 2, 'what the server has acknowledged is safe')
})

test('[P3] what was on the way when the connection broke is sent again under its id, as a repeat, and first', async (t) => {
  const { peer, client, sent } = await online(t)
  const first = client.send(ROOM, 'a')
  client.send(ROOM, 'b')
  await settled()
  const id = peer.link.last('send').clientMessageId
  assert.equal(id, first.clientMessageId)
  assert.match(id!, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  peer.on('send', (c) => ({ ok: stored(c.body === 'a' ? 7 : 8) }))
  peer.link.cut()
  await peer.clock.advance(1_000)
  assert.deepEqual(sent(), ['a', 'a!', 'b'])
  assert.equal(peer.link.asked('send')[0]?.clientMessageId, id)
  assert.equal((await first.acknowledged).seq, 7)
})

test('a refusal that may pass stops the room, which goes on from that message', async (t) => {
  for (const sendWindow of [1, 3]) {
    const { peer, client, sent } = await online(t, { tuning: { sendWindow } })
    let refused = 2
    peer.on('send', (c) => {
      if (c.body === 'b' && refused-- > 0) {
        return { err: { code: 'rate_limited', message: '', retryable: true, retryAfterMs: 2_000 } }
      }
      return { ok: stored(1) }
    })
    const all = ['a', 'b', 'c', 'd', 'e'].map((body) => client.send(ROOM, body).acknowledged)
    await settled()
    const before = sent().length
    await peer.clock.advance(1_900)
    assert.equal(sent().length, before, 'nothing is sent during the pause')
    await peer.clock.advance(10_000)
    await Promise.all(all)
    const rest = sendWindow === 1 ? ['a', 'b', 'b!', 'b!', 'c', 'd', 'e'] : null
    if (rest !== null) assert.deepEqual(sent(), rest)
    assert.deepEqual([...new Set(sent().map((body) => body?.[0]))].join(''), 'abcde')
  }
})

test('a refused message fails alone; it can be tried again or discarded', async (t) => {
  const { peer, client, sent } = await online(t)
  peer.on('subscribe', () => page(3))
  const timeline = client.openRoom(ROOM)
  await settled()
  peer.on('send', (c) =>
    c.body === 'b' ? { err: { code: 'banned', message: 'no', retryable: false } } : { ok: stored(4) },
  )
  const [, b, c] = ['a', 'b', 'c'].map((body) => timeline.send(body))
  await assert.rejects(b!.acknowledged, { code: 'banned' })
  await c!.acknowledged
  const failed = timeline.getSnapshot().pending.find((m) => m.status === 'failed')
  assert(failed?.body === 'b' && failed.error?.code === 'banned')

  peer.on('send', () => ({ ok: stored(9) }))
  await timeline.retry(failed.clientMessageId).acknowledged
  assert.deepEqual(sent(), ['a', 'b', 'c', 'b!'])

  peer.on('send', () => ({ err: { code: 'banned', message: 'no', retryable: false } }))
  const d = timeline.send('d')
  await assert.rejects(d.acknowledged)
  timeline.discard(d.clientMessageId)
  assert(!timeline.getSnapshot().pending.some((m) => m.body === 'd'))
  assert.throws(() => timeline.retry(d.clientMessageId), { code: 'discarded' })
})

test('a message that is too long fails here, for the server would end the connection', async (t) => {
  const { client, sent } = await online(t)
  await assert.rejects(client.send(ROOM, 'x'.repeat(8_001)).acknowledged, { code: 'body_too_long' })
  assert.deepEqual(sent(), [])
  await settled()
  const room = client.openRoom(ROOM)
  await assert.rejects(room.edit(1, '\u0001'.repeat(20_000)), { code: 'frame_too_large', retryable: false })
})

test('[P6] a full outbox refuses', async (t) => {
  const { client } = await online(t, { tuning: { outboxMessages: 2 } })
  client.send(ROOM, 'a')
  client.send(ROOM, 'b')
  assert.throws(() => client.send(ROOM, 'c'), { code: 'outbox_full', retryable: true })
})

test('acknowledgement and event come in either order, and the message is shown exactly once', async (t) => {
  const { peer, client } = await online(t)
  peer.on('subscribe', () => page(3))
  const timeline = client.openRoom(ROOM)
  await settled()
  const shown = () => {
    const { messages, pending } = timeline.getSnapshot()
    return [...messages.filter((m) => m.sender === ME).map((m) => m.seq), ...pending.map((m) => m.status)]
  }
  const one = timeline.send('a')
  await settled()
  assert.deepEqual(shown(), ['sending'])
  peer.link.ok(peer.link.last('send'), stored(4))
  assert.deepEqual(shown(), ['acknowledged'])
  peer.link.events(ROOM, said(4, ME, one.clientMessageId))
  assert.deepEqual(shown(), [4])

  const two = timeline.send('b')
  await settled()
  peer.link.events(ROOM, said(5, ME, two.clientMessageId))
  assert.deepEqual(shown(), [4, 5])
  assert.equal((await two.acknowledged).seq, 5)
  peer.link.ok(peer.link.last('send'), stored(5))
  assert.deepEqual(shown(), [4, 5])

  // The event came while the answer was lost: the repeat is answered with a seq that is shown already.
  const three = timeline.send('c')
  await settled()
  peer.link.cut()
  peer.on('subscribe', () => ({
    ok: {
      position: { epoch: 1, seq: 6 },
      recovered: true,
      events: [said(6, ME, three.clientMessageId)],
      more: false,
      head: 6,
    },
  }))
  peer.on('send', () => ({ ok: { ...stored(6), duplicate: true } }))
  await peer.clock.advance(1_000)
  assert.deepEqual(shown(), [4, 5, 6])
})

test('unsent messages survive the program, in order; another user does not get them', async (t) => {
  const storage = new MemoryOutbox()
  const first = await online(t, { storage })
  first.peer.on('send', () => undefined)
  first.client.send(ROOM, 'a')
  await first.peer.clock.advance(5)
  first.client.send(ROOM, 'b')
  await settled()
  first.client.close()
  assert.equal(storage.kept.size, 2)

  const stranger = new Peer()
  stranger.on('hello', () => ({
    ok: {
      user: 'user-you',
      sessionId: 's',
      heartbeatMs: 30_000,
      limits: { bodyLength: 8_000, frameBytes: 65_536, inFlight: 512 },
    },
  }))
  stranger.routes.set('POST /auth/refresh', () => [200, { user: { id: 'user-you' }, accessToken: 'x' }])
  const other = await online(t, { storage }, stranger)
  assert.deepEqual(other.sent(), [])

  const second = await online(t, { storage })
  second.peer.on('send', () => ({ ok: stored(1) }))
  second.client.send(ROOM, 'c')
  await second.peer.clock.advance(10)
  second.peer.link.ok(second.peer.link.asked('send')[0]!, stored(1))
  await second.peer.clock.advance(10)
  assert.deepEqual(second.sent(), ['a!', 'b!', 'c'])
  assert.equal(storage.kept.size, 0)
})

test('signing out leaves nothing of the user behind', async (t) => {
  const storage = new MemoryOutbox()
  const { client } = await online(t, { storage })
  const sending = client.send(ROOM, 'secret')
  await settled()
  assert.equal(storage.kept.size, 1)
  await client.auth.logout()
  await assert.rejects(sending.acknowledged, { code: 'signed_out' })
  assert.equal(storage.kept.size, 0)
})

test('a storage that fails costs no message', async (t) => {
  const errors: unknown[] = []
  const storage = new MemoryOutbox()
  storage.put = () => Promise.reject(new Error('full'))
  const { peer, client, sent } = await online(t, { storage, onError: (error) => errors.push(error) })
  peer.on('send', () => ({ ok: stored(1) }))
  await client.send(ROOM, 'a').acknowledged
  assert.deepEqual(sent(), ['a'])
  assert.equal(errors.length, 1)
})

test('what is written while the storage still looks waits for what it holds, but not for long', async (t) => {
  const storage = new MemoryOutbox()
  let answer = (_: StoredMessage[]) => {}
  let looked = () => {}
  storage.claim = (_, found) => {
    answer = found
    return new Promise<void>((resolve) => {
      looked = resolve
    })
  }
  const { peer, client, sent } = await online(t, { storage })
  peer.on('send', () => ({ ok: stored(1) }))
  client.send(ROOM, 'b')
  await peer.clock.advance(500)
  assert.deepEqual(sent(), [])
  const left = (body: string, clientMessageId: string) => ({ room: ROOM, clientMessageId, body, createdAt: 1 })
  answer([left('a', '00000000-0000-7000-8000-000000000000')])
  looked()
  await peer.clock.advance(10)
  assert.deepEqual(sent(), ['a!', 'b'])

  // A program that held some has ended: they go out too, the refused one stays refused.
  const failed = { code: 'banned', message: 'no' } as const
  answer([
    left('d', '00000000-0000-7000-8000-000000000002'),
    { ...left('c', '00000000-0000-7000-8000-000000000001'), failed },
  ])
  await peer.clock.advance(10)
  assert.deepEqual(sent(), ['a!', 'b', 'd!'])
  peer.on('subscribe', () => page(3))
  const timeline = client.openRoom(ROOM)
  assert.deepEqual(
    timeline.getSnapshot().pending.map(({ body, status, error }) => [body, status, error?.code]),
    [['c', 'failed', 'banned']],
  )

  const slow = await online(t, { storage })
  slow.peer.on('send', () => ({ ok: stored(1) }))
  slow.client.send(ROOM, 'e')
  await slow.peer.clock.advance(2_100)
  assert.deepEqual(slow.sent(), ['e'])
})

test('[P6] more than the outbox takes stays stored for the next time', async (t) => {
  const storage = new MemoryOutbox()
  for (const n of [1, 2, 3]) {
    await storage.put(ME, {
      room: ROOM,
      clientMessageId: `00000000-0000-7000-8000-00000000000${n}`,
      body: `${n}`,
      createdAt: n,
    })
  }
  const { client, peer } = await online(t, { storage, tuning: { outboxMessages: 2 } })
  peer.on('subscribe', () => page(3))
  const { pending } = client.openRoom(ROOM).getSnapshot()
  assert.deepEqual(
    pending.map(({ body }) => body),
    ['1', '2'],
  )
  assert.equal(storage.kept.size, 3)
})
