import assert from 'node:assert/strict'
import { after, beforeEach, describe, test } from 'node:test'
import { newId } from '../../src/core/ids.ts'
import type { Bus, RoomNotice, UserNotice } from '../../src/ports/bus.ts'
import { eventually } from '../support/witnesses.ts'

/** The buses of some nodes that hear each other. */
export interface OpenBuses {
  /** One of each node; the first publishes in these tests. */
  nodes: [Bus, ...Bus[]]
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
    const heardAt = (node: number, notice: RoomNotice) =>
      heard[node]?.some(([, one]) => one.kind === 'typing' && notice.kind === 'typing' && one.user === notice.user)
    /** Publishes, and waits until those nodes have heard it: what was published before has come to them, too. */
    const publish = async (room: string, notice: RoomNotice, listeners: number[]) => {
      opened.nodes[0].publish(room, notice)
      await eventually(
        () => listeners.every((node) => heardAt(node, notice)),
        () => `not heard: ${JSON.stringify(notice)}`,
      )
    }
    /** Waits until the interest of those nodes in a room is in force, and forgets what they heard. */
    const inForce = async (room: string, listeners: number[]) => {
      const probe = typing('a probe')
      await eventually(
        () => {
          opened.nodes[0].publish(room, probe)
          return listeners.every((node) => heardAt(node, probe))
        },
        () => 'no interest is in force',
      )
      await publish(room, typing('the last probe'), listeners)
      heard.forEach((node) => void node.splice(0))
    }
    const all = () => [...opened.nodes.keys()]

    test('every node with interest in a room hears of it, the publisher too, in the order of publishing', async () => {
      const room = newId()
      for (const node of opened.nodes) node.addInterest(room)
      await inForce(room, all())
      const notices = Array.from({ length: 100 }, (_, i) => typing(`u${i}`))
      for (const notice of notices.slice(0, -1)) opened.nodes[0].publish(room, notice)
      await publish(room, notices.at(-1) as RoomNotice, all())
      for (const node of heard) {
        assert.deepEqual(
          node,
          notices.map((notice) => [room, notice]),
        )
      }
    })

    test('a node hears of a room only while its interest counts above 0', async () => {
      const room = newId()
      const last = opened.nodes.length - 1
      const listener = opened.nodes[last] as Bus
      // Another node, if there is one, that hears all: then it has come to the listener as well, if it ever will.
      const witnesses = last > 0 ? [last - 1] : []
      for (const node of witnesses) opened.nodes[node]?.addInterest(room)
      await inForce(room, witnesses)
      const heardByListener = () => heard[last]?.map(([, notice]) => notice)
      await publish(room, typing('before'), witnesses)
      listener.addInterest(room)
      listener.addInterest(room)
      await inForce(room, [last])
      await publish(room, typing('twice'), [last])
      listener.dropInterest(room)
      await publish(room, typing('once'), [last])
      listener.dropInterest(room)
      await publish(room, typing('after'), witnesses)
      assert.deepEqual(heardByListener(), [typing('twice'), typing('once')])
      listener.addInterest(room)
      await inForce(room, [last])
      await publish(room, typing('again'), [last])
      assert.deepEqual(heardByListener(), [typing('again')])
    })

    test('a notice arrives as it was published', async () => {
      const room = newId()
      const last = opened.nodes.length - 1
      opened.nodes[last]?.addInterest(room)
      await inForce(room, [last])
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
      await publish(room, typing('after it'), [last])
      assert.deepEqual(heard[last]?.slice(0, -1), [[room, notice]])
    })

    test('what concerns a user reaches every node without interest', async () => {
      const [user, somebody] = [newId(), newId()]
      const notices: UserNotice[] = [
        { kind: 'room_added', room: newId() },
        { kind: 'read', room: newId(), seq: 4, n: 2, by: 'session' },
        { kind: 'mentioned', room: newId(), seq: 5, n: 3, actor: newId() },
        { kind: 'notify', room: newId(), notify: 'none' },
        { kind: 'logins_ended', sids: ['a', 'b'] },
      ]
      await eventually(
        () => {
          opened.nodes[0].publishToUser(somebody, notices[0] as UserNotice)
          return heardOfUsers.every((node) => node.length > 0)
        },
        () => 'no node hears of users',
      )
      for (const notice of notices) opened.nodes[0].publishToUser(user, notice)
      const ofUser = (node: [string, UserNotice][]) => node.filter(([to]) => to === user)
      await eventually(
        () => heardOfUsers.every((node) => ofUser(node).length >= notices.length),
        () => `heard: ${heardOfUsers.map((node) => ofUser(node).length)}`,
      )
      for (const node of heardOfUsers) {
        assert.deepEqual(
          ofUser(node),
          notices.map((notice) => [user, notice]),
        )
      }
    })
  })
}
