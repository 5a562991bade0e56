import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Client, ClientOptions, FeedHandlers } from '../../client/src/api.ts'
import { createClient } from '../../client/src/client.ts'
import type { RoomEvent } from '../../src/protocol/model.ts'
import { caughtUp, ME, Peer, page, run, said, settled } from './peer.ts'

const ROOM = 'room-1'

/** What an application sees of a room, in order. */
class Seen {
  readonly log: string[] = []
  readonly seqs: number[] = []
  readonly handlers: FeedHandlers = {
    reset: ({ messages, position }) => {
      this.log.push(`reset ${position.epoch}/${position.seq}`)
      this.seqs.length = 0
      this.seqs.push(...messages.map((m) => m.seq))
    },
    event: (event) => {
      this.log.push(`${event.seq}`)
      this.seqs.push(event.seq)
    },
    state: (state) => this.log.push(state),
    ended: (reason, error) => this.log.push(`ended ${reason}${error === undefined ? '' : ` ${error.code}`}`),
  }
  take(): string[] {
    return this.log.splice(0)
  }
}

async function opened(t: { after(fn: () => void): void }, head = 3, tuning?: ClientOptions['tuning']) {
  const peer = new Peer()
  const client: Client = createClient({
    url: 'http://peer',
    auth: { session: 'token' },
    platform: peer.platform(),
    ...(tuning && { tuning }),
    onError: (error) => assert.fail(error as Error),
  })
  t.after(() => client.close())
  await client.auth.login({ username: 'me', password: 'x' })
  peer.on('subscribe', () => page(head))
  const seen = new Seen()
  const feed = client.subscribe(ROOM, seen.handlers)
  await settled()
  assert.deepEqual(seen.take(), [`reset 1/${head}`, 'live'])
  return { peer, client, seen, feed }
}

test('[P2] events are delivered once and in order; a repeat is passed over', async (t) => {
  const { peer, seen, feed } = await opened(t)
  peer.link.events(ROOM, said(4), said(5))
  peer.link.events(ROOM, said(4), said(5), said(6))
  assert.deepEqual(seen.take(), ['4', '5', '6'])
  assert.deepEqual(feed.position(), { epoch: 1, seq: 6 })
})

test('[P4] a gap is fetched before what came after it is delivered', async (t) => {
  const { peer, seen } = await opened(t)
  peer.link.events(ROOM, said(4), said(7))
  peer.link.events(ROOM, said(8))
  await settled()
  assert.deepEqual(seen.take(), ['4', 'recovering'])
  const asked = peer.link.last('events')
  assert.deepEqual([asked.after, asked.epoch, asked.limit], [4, 1, 2])
  peer.link.ok(asked, { epoch: 1, recovered: true, events: run(5, 6), head: 8 })
  assert.deepEqual(seen.take(), ['5', '6', '7', '8', 'live'])
})

test('[P4] after a reconnect the room goes on from its position', async (t) => {
  const { peer, seen } = await opened(t)
  peer.link.events(ROOM, said(4))
  peer.link.cut()
  await settled()
  assert.deepEqual(seen.take(), ['4', 'recovering'])
  peer.on('subscribe', (c) => {
    assert.deepEqual(c.position, { epoch: 1, seq: 4 })
    return caughtUp(run(5, 7), 7)
  })
  await peer.clock.advance(1_000)
  assert.deepEqual(seen.take(), ['5', '6', '7', 'live'])
  peer.link.events(ROOM, said(8))
  assert.deepEqual(seen.take(), ['8'])
})

test('[P4] an answer and the pushes that follow it in one frame keep their order', async (t) => {
  const { peer, seen } = await opened(t)
  peer.link.cut()
  peer.on('subscribe', () => undefined)
  await peer.clock.advance(1_000)
  const asked = peer.link.last('subscribe')
  seen.take()
  peer.link.send(
    { re: asked.id, ...caughtUp(run(4, 5), 5) },
    { push: 'event', room: ROOM, event: said(6) },
    { push: 'event', room: ROOM, event: said(7) },
  )
  assert.deepEqual(seen.take(), ['4', '5', 'live', '6', '7'])
})

test('[P4] with `more`, pushes are held until the range up to the head was fetched', async (t) => {
  const { peer, seen } = await opened(t)
  peer.link.cut()
  peer.on('subscribe', () => caughtUp(run(4, 5), 5, 9))
  await peer.clock.advance(1_000)
  assert.deepEqual(seen.take(), ['recovering', '4', '5'])
  const first = peer.link.last('events')
  assert.deepEqual([first.after, first.limit], [5, 4])
  peer.link.events(ROOM, said(10))
  // A short answer is followed by another question.
  peer.link.ok(first, { epoch: 1, recovered: true, events: run(6, 7), head: 10 })
  await settled()
  peer.link.events(ROOM, said(11))
  peer.link.ok(peer.link.last('events'), { epoch: 1, recovered: true, events: run(8, 9), head: 11 })
  assert.deepEqual(seen.take(), ['6', '7', '8', '9', '10', '11', 'live'])
})

test('[P6] more held pushes than the bound are dropped and fetched', async (t) => {
  const { peer, seen } = await opened(t, 3, { heldEvents: 4 })
  peer.link.events(ROOM, said(6))
  await settled()
  for (let seq = 7; seq <= 12; seq++) peer.link.events(ROOM, said(seq))
  peer.link.ok(peer.link.last('events'), { epoch: 1, recovered: true, events: run(4, 5), head: 12 })
  await settled()
  const again = peer.link.last('events')
  assert.equal(again.after, 5)
  peer.link.ok(again, { epoch: 1, recovered: true, events: run(6, 5 + Number(again.limit)), head: 12 })
  await settled()
  assert.deepEqual(seen.seqs, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  assert.equal(seen.log.at(-1), 'live')
})

test('a room that lags subscribes again from its own position', async (t) => {
  const { peer, seen } = await opened(t)
  peer.on('subscribe', (c) => caughtUp(run(c.position!.seq + 1, 8), 8))
  peer.link.send(
    { push: 'event', room: ROOM, event: said(4) },
    { push: 'lagging', room: ROOM, position: { epoch: 1, seq: 4 } },
  )
  await settled()
  assert.deepEqual(seen.take(), ['4', 'recovering', '5', '6', '7', '8', 'live'])
})

test('[P4] a reset push and an unrecoverable position begin anew from a page', async (t) => {
  const { peer, seen } = await opened(t)
  peer.on('subscribe', (c) => {
    assert.equal(c.position, undefined)
    return { ok: { position: { epoch: 2, seq: 2 }, recovered: false, messages: [], head: 2 } }
  })
  peer.link.push({ push: 'reset', room: ROOM, epoch: 2 })
  await settled()
  assert.deepEqual(seen.take(), ['recovering', 'reset 2/2', 'live'])
  peer.link.cut()
  peer.on('subscribe', (c) => {
    assert.deepEqual(c.position, { epoch: 2, seq: 2 })
    return { ok: { position: { epoch: 3, seq: 1 }, recovered: false, messages: [], head: 1 } }
  })
  await peer.clock.advance(1_000)
  assert.deepEqual(seen.take(), ['recovering', 'reset 3/1', 'live'])
})

test('[P4] a range that cannot be told begins anew instead of leaving a hole', async (t) => {
  const { peer, seen } = await opened(t)
  peer.on('events', () => ({ ok: { epoch: 2, recovered: false, events: [], head: 9 } }))
  peer.on('subscribe', (c) => (c.position === undefined ? page(9) : assert.fail('asked for a position')))
  peer.link.events(ROOM, said(6))
  await settled()
  assert.deepEqual(seen.take(), ['recovering', 'reset 1/9', 'live'])
})

test('[P4] a server that answers with a hole is not believed', async (t) => {
  const { peer, seen } = await opened(t)
  peer.link.cut()
  peer.on('subscribe', (c) => (c.position === undefined ? page(9) : caughtUp([said(4), said(6)], 6)))
  await peer.clock.advance(1_000)
  assert.deepEqual(seen.take(), ['recovering', '4', 'reset 1/9', 'live'])
})

test('[P5] the own leave ends the feed; nothing after it is delivered', async (t) => {
  const { peer, seen } = await opened(t)
  const leave: RoomEvent = { seq: 4, type: 'leave', at: 4, actor: 'mod', user: ME, reason: 'kicked' }
  peer.link.events(ROOM, leave, said(5))
  assert.deepEqual(seen.take(), ['4', 'ended kicked'])
})

test('[P5] an own leave that was missed ends the feed unless a join followed', async (t) => {
  for (const rejoined of [false, true]) {
    const { peer, seen } = await opened(t)
    const leave: RoomEvent = { seq: 4, type: 'leave', at: 4, actor: 'mod', user: ME, reason: 'kicked' }
    peer.link.cut()
    peer.on('subscribe', (c) => {
      if (c.position !== undefined) return caughtUp([leave], 4, 9)
      if (rejoined) return page(9)
      return { err: { code: 'not_a_member', message: '', retryable: false } }
    })
    await peer.clock.advance(1_000)
    assert.deepEqual(seen.take(), ['recovering', '4', ...(rejoined ? ['reset 1/9', 'live'] : ['ended kicked'])])
  }
})

test('an own leave and the join after it, in one answer, are two events like others', async (t) => {
  const { peer, seen } = await opened(t)
  const leave: RoomEvent = { seq: 4, type: 'leave', at: 4, actor: 'mod', user: ME, reason: 'kicked' }
  const join: RoomEvent = { seq: 6, type: 'join', at: 6, actor: ME, user: ME, role: 'member' }
  peer.link.cut()
  peer.on('subscribe', () => caughtUp([leave, said(5), join, said(7)], 7))
  await peer.clock.advance(1_000)
  assert.deepEqual(seen.take(), ['recovering', '4', '5', '6', '7', 'live'])
})

test('a retryable refusal is asked again later, a final one ends the feed', async (t) => {
  const { peer, seen } = await opened(t)
  peer.link.cut()
  peer.on('subscribe', () => ({ err: { code: 'unavailable', message: '', retryable: true, retryAfterMs: 3_000 } }))
  await peer.clock.advance(1_000)
  assert.equal(peer.link.asked('subscribe').length, 1)
  peer.on('subscribe', () => ({ err: { code: 'room_not_found', message: '', retryable: false } }))
  await peer.clock.advance(3_000)
  assert.equal(peer.link.asked('subscribe').length, 2)
  assert.deepEqual(seen.take(), ['recovering', 'ended not_a_member room_not_found'])
})

test('a room that was taken away without a leave is asked for', async (t) => {
  const { peer, seen } = await opened(t)
  peer.on('subscribe', () => ({ err: { code: 'not_a_member', message: '', retryable: false } }))
  peer.link.push({ push: 'room_removed', room: ROOM })
  await peer.clock.advance(2_000)
  assert.deepEqual(seen.take(), ['ended not_a_member not_a_member'])
})

test('closing in the middle of a run stops it, and opening again gives a new run', async (t) => {
  const { peer, client } = await opened(t)
  const got: number[] = []
  const other = new Seen()
  peer.on('subscribe', (c) => caughtUp(run(c.position!.seq + 1, 6), 6))
  const feed = client.subscribe(
    'room-2',
    {
      reset: () => {},
      event: (event) => {
        got.push(event.seq)
        if (event.seq === 3) feed.close()
      },
    },
    { epoch: 1, seq: 1 },
  )
  await settled()
  assert.deepEqual(got, [2, 3])
  client.subscribe('room-2', other.handlers, { epoch: 1, seq: 3 })
  await settled()
  assert.deepEqual(other.take(), ['4', '5', '6', 'live'])
})

test('an exception in a handler is told, and costs no event', async (t) => {
  const peer = new Peer()
  const errors: unknown[] = []
  const client = createClient({
    url: 'http://peer',
    auth: { session: 'token' },
    platform: peer.platform(),
    onError: (error) => errors.push(error),
  })
  t.after(() => client.close())
  await client.auth.login({ username: 'me', password: 'x' })
  peer.on('subscribe', () => page(1))
  const got: number[] = []
  client.subscribe(ROOM, {
    reset: () => {},
    event: (event) => {
      got.push(event.seq)
      if (event.seq === 2) throw new Error('mine')
    },
  })
  await settled()
  peer.link.events(ROOM, said(2), said(3))
  assert.deepEqual(got, [2, 3])
  assert.equal(errors.length, 1)
})
