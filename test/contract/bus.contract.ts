import assert from 'node:assert/strict'
import { after, beforeEach, describe, test } from 'node:test'
import { newId } from '../../src/core/ids.ts'
import type { Bus, RoomNotice, UserNotice } from '../../src/ports/bus.ts'

/** The buses of some nodes that hear each other. */
export interface OpenBuses {
  /** One of each node; the first publishes in these tests. */
  nodes: [Bus, ...Bus[]]
  /** Resolves when what was published has arrived, and interest is in force. */
  settled(): Promise<void>
  close(): Promise<void>
}

/** What every bus promises. */
export function busContract(name: string, open: () => Promise<OpenBuses>): void {
  describe(`bus: ${name}`, () => {
    let opened: OpenBuses
    let heard: [room: string, notice: RoomNotice][][]
    let heardOfUsers: [user: string, notice: UserNotice][][]

    beforeEach(async () => {
      await opened?.close()
      opened = await open()
      heard = opened.nodes.map(() => [])
      heardOfUsers = opened.nodes.map(() => [])
      opened.nodes.forEach((node, i) => {
        node.listen({
          missed: () => {},
          usersMissed: () => {},
          room: (room, notice) => heard[i]?.push([room, notice]),
          user: (user, notice) => heardOfUsers[i]?.push([user, notice]),
        })
      })
    })
    after(() => opened.close())

    const typing = (user: string): RoomNotice => ({ kind: 'typing', user })

    test('every node with interest in a room hears of it, the publisher too, in the order of publishing', async () => {
      const room = newId()
      for (const node of opened.nodes) node.addInterest(room)
      await opened.settled()
      const notices = Array.from({ length: 100 }, (_, i) => typing(`u${i}`))
      for (const notice of notices) opened.nodes[0].publish(room, notice)
      await opened.settled()
      for (const node of heard) {
        assert.deepEqual(
          node,
          notices.map((notice) => [room, notice]),
        )
      }
    })

    test('a node hears of a room only while its interest counts above 0', async () => {
      const room = newId()
      const [publisher] = opened.nodes
      const listener = opened.nodes.at(-1) as Bus
      const said = async (user: string) => {
        await opened.settled()
        publisher.publish(room, typing(user))
        await opened.settled()
      }
      await said('before')
      listener.addInterest(room)
      listener.addInterest(room)
      await said('twice')
      listener.dropInterest(room)
      await said('once')
      listener.dropInterest(room)
      await said('after')
      listener.addInterest(room)
      await said('again')
      assert.deepEqual(
        heard.at(-1)?.map(([, notice]) => notice),
        [typing('twice'), typing('once'), typing('again')],
      )
    })

    test('a notice arrives as it was published', async () => {
      const room = newId()
      opened.nodes.at(-1)?.addInterest(room)
      await opened.settled()
      const notice: RoomNotice = {
        kind: 'events',
        epoch: 3,
        events: [
          {
            type: 'message',
            seq: 7,
            at: 1,
            actor: 'a',
            n: 2,
            clientMessageId: 'c',
            body: '안녕 "\n😀',
            mentions: ['b'],
          },
          { type: 'room', seq: 8, at: 2, actor: 'a', changes: { capacity: null } },
        ],
      }
      opened.nodes[0].publish(room, notice)
      await opened.settled()
      assert.deepEqual(heard.at(-1), [[room, notice]])
    })

    test('what concerns a user reaches every node without interest', async () => {
      const user = newId()
      const notices: UserNotice[] = [
        { kind: 'room_added', room: newId() },
        { kind: 'read', room: newId(), seq: 4, n: 2, by: 'session' },
        { kind: 'logins_ended', sids: ['a', 'b'] },
      ]
      await opened.settled()
      for (const notice of notices) opened.nodes[0].publishToUser(user, notice)
      await opened.settled()
      for (const node of heardOfUsers) {
        assert.deepEqual(
          node,
          notices.map((notice) => [user, notice]),
        )
      }
    })
  })
}
