/** What concerns people, across nodes: memberships, logins, presence, read cursors, typing. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HeadEntry } from '../../src/protocol/frames.ts'
import type { Page, Position, RoomEvent, RoomSummary, SignedInDevice } from '../../src/protocol/model.ts'
import { type ClusterNode, startTestCluster, type TestCluster } from '../support/cluster.ts'
import { newPerson, type Person } from '../support/people.ts'
import { newRoom, openRoom, post, range } from '../support/rooms.ts'
import { TestSocket } from '../support/socket.ts'
import { eventually } from '../support/witnesses.ts'

for (const log of ['sql', 'redis'] as const)
  describe(`log=${log}`, () => {
    let cluster: TestCluster
    let a: ClusterNode
    let b: ClusterNode
    let c: ClusterNode
    let ann: Person
    let ben: Person
    /** A room for each node, see `together`. */
    const signals: string[] = []
    before(async () => {
      cluster = await startTestCluster({ config: { log } })
      ;[a, b, c] = cluster.nodes as [ClusterNode, ClusterNode, ClusterNode]
      ann = await newPerson(a, 'ann')
      ben = (await newPerson(b, 'ben')).at(b.url)
      for (const _ of cluster.nodes) signals.push(await openRoom(ann))
      await together()
    })
    after(() => cluster[Symbol.asyncDispose]())

    /** A connection of somebody at a node. */
    const at = (node: ClusterNode, person: Person) => TestSocket.hello(node.url, person.accessToken)
    const headsOf = (socket: TestSocket, room: string) =>
      socket.pushes<{ rooms: HeadEntry[] }>('heads').flatMap((push) => push.rooms.filter((head) => head.room === room))
    const told = (socket: TestSocket, kind: string, room: string) =>
      socket.until(() => socket.pushes(kind).find((push) => push.room === room), `${kind} of ${room}`)

    /**
     * Waits until what any node tells a user is heard on every other: what is told once does not wait for a node that starts, or
     * that is on its way back to Redis.
     */
    async function together(): Promise<void> {
      const sockets = await Promise.all(cluster.nodes.map((node) => at(node, ann)))
      for (const [i, { name, url }] of cluster.nodes.entries()) {
        const heard = (socket: TestSocket) => socket.pushes('notify').some(({ room }) => room === signals[i])
        await eventually(
          async () => {
            await ann.at(url).call('PUT', `/rooms/${signals[i]}/notify`, { notify: 'all' })
            return sockets.every(heard)
          },
          () => `not all hear ${name}`,
        )
      }
      for (const socket of sockets) socket.close()
    }

    describe('memberships', () => {
      test('a room joined on one node appears on the others, and goes there when it is left', async () => {
        const room = await openRoom(ann)
        const elsewhere = await at(c, ben)
        await elsewhere.ok('watch', { rooms: 'all' })
        await ben.call('POST', `/rooms/${room}/join`)
        await told(elsewhere, 'room_added', room)
        await elsewhere.until(() => headsOf(elsewhere, room).length > 0, 'its head')
        await ben.call('POST', `/rooms/${room}/leave`)
        await told(elsewhere, 'room_removed', room)
        const before = headsOf(elsewhere, room).length
        await post(ann, room)
        await sleep(500)
        assert.equal(headsOf(elsewhere, room).length, before)
        elsewhere.close()
      })

      test('who is mentioned on one node hears of it on another, and finds it in the list of rooms there', async () => {
        const room = await openRoom(ann, ben)
        const elsewhere = await at(c, ben)
        const { seq, n } = await post(ann, room, `안녕 @${ben.username}`)
        assert.deepEqual(await told(elsewhere, 'mentioned', room), { push: 'mentioned', room, seq, n, actor: ann.id })
        const { body } = await ben.call<Page<RoomSummary>>('GET', '/me/rooms')
        assert.deepEqual(body.items.find((summary) => summary.room.id === room)?.unreadMentions, [n])
        elsewhere.close()
      })

      test('rooms that came and went while Redis was away are told when it is back', async () => {
        const [left, joined] = [await openRoom(ann, ben), await openRoom(ann)]
        const [elsewhere, listed] = [await at(c, ben), await at(c, ben)]
        await elsewhere.ok('watch', { rooms: 'all' })
        await listed.ok('watch', { rooms: [left] })
        c.toRedis.refuse()
        try {
          await ben.call('POST', `/rooms/${joined}/join`)
          await ben.call('POST', `/rooms/${left}/leave`)
          await sleep(300)
          // That he had joined the other one may have been on its way.
          assert.ok(!elsewhere.pushes('room_added').some(({ room }) => room === joined))
          assert.ok(!elsewhere.pushes('room_removed').some(({ room }) => room === left))
        } finally {
          c.toRedis.accept()
        }
        await told(elsewhere, 'room_added', joined)
        await told(elsewhere, 'room_removed', left)
        await elsewhere.until(() => headsOf(elsewhere, joined).length > 0, 'its head')
        // Who watches some of their rooms is told of those that went.
        await told(listed, 'room_removed', left)
        for (const socket of [elsewhere, listed]) socket.close()
        await together()
      })

      for (const [what, how] of [
        ['kicked', (room: string) => ann.call('DELETE', `/rooms/${room}/members/${ben.id}`)],
        ['banned', (room: string) => ann.call('PUT', `/rooms/${room}/members/${ben.id}/ban`, { banned: true })],
      ] as const) {
        test(`[P5] who is ${what} on one node gets nothing after that on another`, async () => {
          const room = await openRoom(ann, ben)
          const [here, there] = [await at(b, ben), await at(c, ben)]
          for (const socket of [here, there]) {
            await socket.ok('subscribe', { room })
            await socket.ok('watch', { rooms: [room] })
          }
          // In the midst of a talk.
          const talk = Promise.all(range(1, 40).map(() => post(ann, room)))
          assert.equal((await how(room)).status, 204)
          await talk
          await post(ann, room)
          for (const socket of [here, there]) {
            // The two come in either order.
            await told(socket, 'room_removed', room)
            const leave = () =>
              socket
                .pushes<{ room: string; event: RoomEvent }>('event')
                .find((push) => push.room === room && push.event.type === 'leave')
            const { event } = await socket.until(leave, 'the leave')
            assert.equal(event.type === 'leave' && event.reason, what)
            await sleep(300)
            assert.equal(Math.max(...socket.seqs(room)), event.seq)
            assert.ok(headsOf(socket, room).every(({ seq }) => seq <= event.seq))
            for (const op of ['subscribe', 'typing', 'presence'])
              assert.equal(await socket.refused(op, { room }), 'not_a_member', op)
            const range = { room, after: event.seq, epoch: 1, limit: 10 }
            assert.equal(await socket.refused('events', range), 'not_a_member')
            const sent = { room, clientMessageId: crypto.randomUUID(), body: 'still here?' }
            assert.equal(await socket.refused('send', sent), 'not_a_member')
            socket.close()
          }
        })
      }

      test('[P5] while a node has not heard of a kick it gives nothing away that came after it', async () => {
        const room = await openRoom(ann, ben)
        const socket = await at(b, ben)
        await socket.ok('subscribe', { room })
        // What comes from Redis comes late.
        b.toRedis.down.delayMs = 1_500
        try {
          await ann.call('DELETE', `/rooms/${room}/members/${ben.id}`)
          const { seq } = await post(ann, room, 'a secret')
          const until = performance.now() + 1_200
          while (performance.now() < until) {
            for (const after of [0, seq - 1]) {
              const { ok } = await socket.ask('events', { room, after, epoch: 1, limit: 100 })
              const { events } = (ok ?? { events: [] }) as { events: RoomEvent[] }
              assert.ok(
                !events.some((event) => event.seq >= seq),
                `after ${after} came ${events.map((one) => one.seq)}`,
              )
              const answer = await ben.call<{ events?: RoomEvent[] }>(
                'GET',
                `/rooms/${room}/events?after=${after}&epoch=1`,
              )
              assert.ok(!(answer.body.events ?? []).some((event) => event.seq >= seq))
            }
            assert.equal((await ben.call('GET', `/rooms/${room}/messages`)).status, 403)
            const page = await socket.ask('subscribe', { room })
            const { position } = (page.ok ?? { position: { seq: 0 } }) as { position: Position }
            assert.ok(position.seq < seq)
            const sent = { room, clientMessageId: crypto.randomUUID(), body: 'still here?' }
            assert.equal(await socket.refused('send', sent), 'not_a_member')
            await sleep(50)
          }
        } finally {
          b.toRedis.down.delayMs = 0
        }
        await told(socket, 'room_removed', room)
        socket.close()
        await together()
      })

      test('[P5] who watches a room and is kicked while Redis is away is told no head of after that', async () => {
        const room = await openRoom(ann, ben)
        const socket = await at(b, ben)
        await socket.ok('watch', { rooms: [room] })
        b.toRedis.refuse()
        let leave = 0
        try {
          await sleep(200)
          await ann.call('DELETE', `/rooms/${room}/members/${ben.id}`)
          leave = (await post(ann, room)).seq - 1
          for (let i = 0; i < 5; i++) {
            await post(ann, room)
            await sleep(400)
          }
        } finally {
          b.toRedis.accept()
        }
        await sleep(1_500)
        assert.deepEqual(
          headsOf(socket, room).filter(({ seq }) => seq > leave),
          [],
        )
        socket.close()
        await together()
      })
    })

    describe('logins', () => {
      /** A login of Cem with a connection on each node. */
      async function login(): Promise<{ cem: Person; sockets: TestSocket[] }> {
        const cem = await newPerson(a, 'cem')
        return { cem, sockets: await Promise.all(cluster.nodes.map((node) => at(node, cem))) }
      }

      test('a logout closes its connections on every node at once; other logins stay', async () => {
        const { cem, sockets } = await login()
        const other = await at(c, await newPerson(a, 'cem'))
        // The other nodes cannot look into the database, as they do every two seconds: the bus alone tells them.
        for (const { toDatabase } of [b, c]) toDatabase.down.frozen = true
        try {
          await cem.call('POST', '/auth/logout', { refreshToken: cem.refreshToken })
          for (const socket of sockets) assert.equal(await socket.closeCode(5_000), 4401)
        } finally {
          for (const { toDatabase } of [b, c]) toDatabase.heal()
        }
        for (const { url } of cluster.nodes) assert.equal((await cem.at(url).call('GET', '/me')).status, 401)
        assert.equal(other.closed, null)
        other.close()
      })

      test('while Redis is away a logout closes them within seconds', async () => {
        const { cem, sockets } = await login()
        for (const node of cluster.nodes) node.toRedis.refuse()
        try {
          const startedAt = performance.now()
          await cem.call('POST', '/auth/logout', { refreshToken: cem.refreshToken })
          for (const socket of sockets) assert.equal(await socket.closeCode(), 4401)
          assert.ok(performance.now() - startedAt < 12_000)
        } finally {
          for (const node of cluster.nodes) node.toRedis.accept()
        }
        await together()
      })

      test('a spent refresh token that is used again closes the connections of its login on every node', async () => {
        const { cem, sockets } = await login()
        const spend = (node: ClusterNode) =>
          cem.at(node.url).call('POST', '/auth/refresh', { refreshToken: cem.refreshToken })
        assert.equal((await spend(a)).status, 200)
        assert.deepEqual((await spend(b)).body.code, 'refresh_reused')
        for (const socket of sockets) assert.equal(await socket.closeCode(), 4401)
      })

      test('a login that its owner ends from another device closes on every node at once', async () => {
        const { cem, sockets } = await login()
        const other = await newPerson(a, 'cem')
        const { body } = await other.at(b.url).call<Page<SignedInDevice>>('GET', '/me/sessions')
        const current = body.items.filter((device) => device.current)
        assert.equal(current.length, 1)
        const mine = await cem.at(c.url).call<Page<SignedInDevice>>('GET', '/me/sessions')
        const id = mine.body.items.find((device) => device.current)?.id
        assert.notEqual(id, current[0]?.id)
        assert.equal((await other.at(b.url).call('DELETE', `/me/sessions/${id}`)).status, 204)
        for (const socket of sockets) assert.equal(await socket.closeCode(5_000), 4401)
        for (const { url } of cluster.nodes) assert.equal((await cem.at(url).call('GET', '/me')).status, 401)
        assert.equal((await other.call('GET', '/me')).status, 200)
      })

      test('a changed password closes the other logins on every node', async () => {
        const account = { username: 'dana', password: 'a password of dana' }
        const sign = async (path: string) => {
          const answer = await fetch(`${a.url}/api/v1/auth/${path}`, {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify(account),
          })
          return ((await answer.json()) as { accessToken: string }).accessToken
        }
        const [first, second] = [await sign('register'), await sign('login')]
        const [mine, others] = [
          await TestSocket.hello(c.url, first),
          await Promise.all(cluster.nodes.map((node) => TestSocket.hello(node.url, second))),
        ]
        const answer = await fetch(`${b.url}/api/v1/me/password`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${first}` },
          body: JSON.stringify({ currentPassword: account.password, newPassword: 'another password' }),
        })
        assert.equal(answer.status, 204)
        for (const socket of others) assert.equal(await socket.closeCode(), 4401)
        assert.equal(mine.closed, null)
        mine.close()
      })
    })

    describe('presence', () => {
      const online = async (node: ClusterNode, room: string) => {
        const { body } = await ann
          .at(node.url)
          .call<{ items: { user: string }[] }>('GET', `/rooms/${room}/members?online=true`)
        return body.items.map(({ user }) => user).sort()
      }

      test('who subscribes on one node is online on all, until their last connection ends', async () => {
        const room = await openRoom(ann, ben)
        const watcher = await at(a, ann)
        await watcher.ok('subscribe', { room })
        const [first, second] = [await at(b, ben), await at(c, ben)]
        const pushed = (kind: 'online' | 'offline') =>
          watcher
            .pushes<{ room: string; online?: string[]; offline?: string[]; count: number }>('presence')
            .filter((push) => {
              return push.room === room && push[kind]?.includes(ben.id)
            })
        await first.ok('subscribe', { room })
        await watcher.until(() => pushed('online').length > 0, 'ben comes online')
        await second.ok('subscribe', { room })
        for (const node of cluster.nodes)
          await eventually(
            async () => (await online(node, room)).join() === [ann.id, ben.id].sort().join(),
            () => `${node.name} does not see both`,
          )
        first.close()
        await sleep(300)
        assert.equal(pushed('offline').length, 0)
        second.close()
        const { count } = await watcher.until(() => pushed('offline')[0], 'ben goes offline')
        assert.equal(count, 1)
        // A node on which nobody is in this room looks when it is asked.
        for (const node of cluster.nodes)
          await eventually(
            async () => (await online(node, room)).join() === ann.id,
            () => `${node.name} still sees ben`,
          )
        watcher.close()
      })

      test('while Redis is away it stands still; after that it is right again', async () => {
        const room = await openRoom(ann, ben)
        const [watcher, other] = [await at(a, ann), await at(b, ben)]
        await watcher.ok('subscribe', { room })
        await other.ok('subscribe', { room })
        const both = [ann.id, ben.id].sort().join()
        const sees = async () => (await watcher.ok<{ online: string[] }>('presence', { room })).online.sort().join()
        await eventually(
          async () => (await sees()) === both,
          () => 'both online',
        )
        a.toRedis.refuse()
        await sleep(1_000)
        assert.equal(await sees(), both, 'nobody can know better')
        other.close()
        await sleep(500)
        a.toRedis.accept()
        await eventually(
          async () => (await sees()) === ann.id,
          () => 'ben is offline',
        )
        watcher.close()
        await together()
      })
    })

    describe('small signs', () => {
      /** Lets somebody type until it is seen: it is told once, and a node that has just begun to listen to a room may miss it. */
      async function seesTyping(room: string, from: TestSocket, by: TestSocket) {
        const seen = () => by.pushes<{ room: string; user: string }>('typing').find((push) => push.room === room)
        await eventually(
          async () => {
            await from.ok('typing', { room })
            return seen() !== undefined
          },
          () => 'who types is not seen',
        )
        return seen()
      }

      test('a read cursor moves for the user’s sessions on other nodes, and is shown to a small room', async () => {
        const room = await openRoom(ann, ben)
        const { seq } = await post(ann, room)
        const [here, there, hers] = [await at(a, ben), await at(b, ben), await at(c, ann)]
        await there.ok('watch', { rooms: [room] })
        await hers.ok('subscribe', { room })
        // From here on her node hears of the room.
        await seesTyping(room, here, hers)
        await here.ok('read', { room, seq, n: 1 })
        await there.until(() => headsOf(there, room).find(({ readN }) => readN === 1), 'readN')
        const read = await told(hers, 'read', room)
        assert.deepEqual([read.user, read.seq, read.n], [ben.id, seq, 1])
        for (const { url } of cluster.nodes) {
          await eventually(
            async () => {
              const { body } = await ben
                .at(url)
                .call<{ items: { room: { id: string }; unread: number }[] }>('GET', '/me/rooms')
              return body.items.find((item) => item.room.id === room)?.unread === 0
            },
            () => 'it is read on every node',
          )
        }
        for (const socket of [here, there, hers]) socket.close()
      })

      test('who types is seen on other nodes', async () => {
        const room = await newRoom(ann, { kind: 'direct', memberIds: [ben.id] })
        const [hers, his] = [await at(a, ann), await at(b, ben)]
        await hers.ok('subscribe', { room })
        assert.equal((await seesTyping(room, his, hers))?.user, ben.id)
        hers.close()
        his.close()
      })
    })
  })
