import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../../src/config.ts'
import { newPerson, type Person } from '../support/people.ts'
import { TcpProxy } from '../support/proxy.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'
import { assertWitnessed, eventually, Follower, Writer } from '../support/witnesses.ts'

interface Scene {
  server: TestServer
  proxy: TcpProxy
  owner: Person
  guest: Person
  room: string
  writer: Writer
  /** Follows the room through a proxy of their own. */
  guestBehind(proxy: TcpProxy, options?: { pingMs?: number }): Follower
  newProxy(): Promise<TcpProxy>
}

async function scene(t: TestContext, changes: Partial<Config>): Promise<Scene> {
  const server = await startTestServer(changes)
  const owner = await newPerson(server)
  const guest = await newPerson(server)
  const { body } = await owner.call<{ id: string }>('POST', '/rooms', { title: 'a room' })
  await guest.call('POST', `/rooms/${body.id}/join`)
  const proxies: TcpProxy[] = []
  const newProxy = async () => {
    const proxy = await TcpProxy.to(server.port)
    proxies.push(proxy)
    return proxy
  }
  const writer = new Writer(server.url, owner)
  const lines = [writer.line]
  t.after(async () => {
    for (const line of lines) line.stop()
    for (const proxy of proxies) proxy.close()
    await server[Symbol.asyncDispose]()
  })
  const guestBehind = (behind: TcpProxy, options: { pingMs?: number } = {}) => {
    const follower = new Follower(behind.url, guest, [body.id], options)
    lines.push(follower.line)
    return follower
  }
  return { server, proxy: await newProxy(), owner, guest, room: body.id, writer, guestBehind, newProxy }
}

async function isOnline({ owner, room }: Scene, person: Person): Promise<boolean> {
  const { body } = await owner.call<{ items: { user: string }[] }>('GET', `/rooms/${room}/members?online=true`)
  return body.items.some((member) => member.user === person.id)
}

const HEARTBEAT_MS = 600

test('[P4] a connection that dies without a word is dropped within two heartbeats, and its client comes back to a complete run', async (t) => {
  const s = await scene(t, { heartbeatMs: HEARTBEAT_MS, watchTickMs: 100 })
  const { proxy, guest, room, writer, owner } = s
  const follower = s.guestBehind(proxy, { pingMs: HEARTBEAT_MS / 2 })
  for (let i = 0; i < 20; i++) writer.send(room)
  await eventually(
    () => follower.head(room) === 22,
    () => 'the first messages',
  )
  assert.equal(await isOnline(s, guest), true)

  // It is heard of just before, however late its last ping was.
  await new Promise<void>((resolve) => follower.line.ask('ping', {}, () => resolve()))
  const lostAt = performance.now()
  // Nothing reconnects meanwhile, so that what we see is the server's own doing.
  proxy.up.frozen = true
  proxy.down.frozen = true
  proxy.loseAll()
  for (let i = 0; i < 20; i++) writer.send(room)
  await eventually(
    async () => !(await isOnline(s, guest)),
    () => 'the lost session is still online',
  )
  const noticedMs = performance.now() - lostAt
  // Two heartbeats of silence, a sweep that passes within its round, and what a busy machine adds to that.
  assert.ok(noticedMs < HEARTBEAT_MS * 2 + 5_000, `noticed after ${Math.round(noticedMs)} ms`)
  assert.ok(noticedMs > HEARTBEAT_MS, `not before a client that lives could have pinged: ${Math.round(noticedMs)} ms`)

  proxy.up.frozen = false
  proxy.down.frozen = false
  await assertWitnessed({ rooms: [room], reader: owner, writers: [writer], followers: [follower] })
  assert.ok(follower.line.cuts >= 1)
  assert.equal(await isOnline(s, guest), true)
})

test('[P1] [P3] a sender whose acknowledgements are lost sends again on a new connection: each message is stored once', async (t) => {
  const s = await scene(t, { heartbeatMs: HEARTBEAT_MS, watchTickMs: 100 })
  const { proxy, guest, room, owner, writer } = s
  const sender = new Writer(proxy.url, guest, { pingMs: HEARTBEAT_MS / 2 })
  const follower = s.guestBehind(await s.newProxy())
  t.after(() => sender.line.stop())
  await eventually(
    () => sender.line.live,
    () => 'the sender connects',
  )
  for (let round = 0; round < 3; round++) {
    // One way only: what is sent arrives, no answer comes back.
    proxy.down.frozen = true
    for (let i = 0; i < 30; i++) sender.send(room)
    await eventually(
      () => follower.head(room) >= 2 + (round + 1) * 30,
      () => `the messages arrive: ${follower.head(room)}`,
    )
    assert.equal(sender.unacked, 30)
    proxy.loseAll()
    proxy.down.frozen = false
    await eventually(
      () => sender.unacked === 0,
      () => 'the acknowledgements',
    )
  }
  assert.ok(sender.line.cuts >= 3)
  await assertWitnessed({
    rooms: [room],
    reader: owner,
    writers: [writer, sender],
    followers: [follower],
  })
  assert.equal(follower.head(room), 2 + 90, 'nothing was stored twice')
})

test('a client that never pings is told why it is let go', async (t) => {
  const { server, guest } = await scene(t, { heartbeatMs: 200, watchTickMs: 100 })
  const silent = await TestSocket.hello(server.url, guest.accessToken)
  assert.equal(await silent.closeCode(), 4408)
})

test('[P4] [P6] a slow reader is told that it lags and catches up; a far one only waits; the others notice nothing', async (t) => {
  const s = await scene(t, { writeQueueBytes: 65_536 })
  const { room, writer, owner, server } = s
  const slowProxy = s.proxy
  const farProxy = await s.newProxy()
  const slow = s.guestBehind(slowProxy)
  const far = s.guestBehind(farProxy)
  const near = s.guestBehind(await s.newProxy())
  await eventually(
    () => [slow, far, near].every((one) => one.head(room) === 2),
    () => 'all subscribe',
  )
  slowProxy.down.bytesPerSecond = 200_000
  farProxy.down.delayMs = 100

  // More than the sockets' own buffers take.
  const body = '여울 '.repeat(2_600)
  const delays: number[] = []
  for (let i = 0; i < 600; i++) {
    const sentAt = performance.now()
    const head = near.head(room)
    writer.send(room, body)
    if (i % 10 === 0) {
      await eventually(
        () => near.head(room) > head,
        () => 'the near one',
      )
      delays.push(performance.now() - sentAt)
    }
    await sleep(1)
  }
  delays.sort((a, b) => a - b)
  t.diagnostic(`near: median ${delays[30]?.toFixed(1)} ms, most ${delays.at(-1)?.toFixed(1)} ms`)
  // Behind the slow one they would wait for seconds.
  assert.ok((delays[50] as number) < 1_500, `the others are delayed: ${delays[50]} ms`)
  await eventually(
    () => near.head(room) === 602,
    () => `the near one is at ${near.head(room)}`,
  )
  assert.ok(slow.head(room) < 602, 'the slow one is behind')
  slowProxy.down.bytesPerSecond = 0
  await assertWitnessed({
    rooms: [room],
    reader: owner,
    writers: [writer],
    followers: [slow, far, near],
  })
  assert.ok(slow.laggings > 0, 'the slow one was told')
  assert.equal(near.laggings + far.laggings, 0)
  assert.equal(slow.line.cuts + far.line.cuts + near.line.cuts, 0, 'nobody was disconnected')
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  assert.match(metrics, /yeoul_slow_readers_total\{outcome="lagging"\} [1-9]/)
})

test('[P4] [P6] a client that does not read at all is let go with 4508, and comes back to a complete run', async (t) => {
  const s = await scene(t, { writeQueueBytes: 65_536, slowConsumerMs: 500, watchTickMs: 100 })
  const { proxy, room, writer, owner, server, guest } = s
  const stuck = s.guestBehind(proxy)
  await eventually(
    () => stuck.head(room) === 2,
    () => 'it subscribes',
  )
  proxy.down.frozen = true
  const body = '여울 '.repeat(2_600)
  const closed = async () =>
    /yeoul_slow_readers_total\{outcome="closed"\} 1/.test(await (await fetch(`${server.url}/metrics`)).text())
  await eventually(
    async () => {
      for (let i = 0; i < 50 && writer.unacked < 100; i++) writer.send(room, body)
      return closed()
    },
    () => 'it is not let go',
  )
  assert.equal(await isOnline(s, guest), false)
  proxy.down.frozen = false
  await assertWitnessed({ rooms: [room], reader: owner, writers: [writer], followers: [stuck] })
  assert.ok(stuck.line.cuts >= 1)
})
