import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import fc from 'fast-check'
import { newId } from '../../src/core/ids.ts'
import type { Presence } from '../../src/ports/presence.ts'

/** What every presence promises of one node. */
export function presenceContract(name: string, open: () => Promise<Presence>): void {
  describe(`presence: ${name}`, () => {
    let presence: Presence
    let changes: [room: string, user: string, online: boolean][]
    let r: string

    beforeEach(async () => {
      presence = await open()
      changes = []
      r = newId()
      presence.onChange((room, user, online) => changes.push([room, user, online]))
    })

    test('a user is online in a room while at least one subscription of theirs is there', async () => {
      const online = async () => (await presence.among(r, ['ann', 'bob'])).has('ann')
      assert.equal(presence.enter(r, 'ann'), true)
      assert.equal(presence.enter(r, 'ann'), false)
      assert.equal(presence.exit(r, 'ann'), false)
      assert.equal(await online(), true)
      assert.equal(presence.exit(r, 'ann'), true)
      assert.equal(await online(), false)
      assert.deepEqual(changes, [
        [r, 'ann', true],
        [r, 'ann', false],
      ])
    })

    test('going where one was not changes nothing', async () => {
      assert.equal(presence.exit(r, 'ann'), false)
      assert.equal(presence.enter(r, 'ann'), true)
      assert.equal((await presence.among(newId(), ['ann'])).size, 0)
      assert.equal(presence.exit(newId(), 'ann'), false)
      assert.deepEqual(changes, [[r, 'ann', true]])
    })

    test('a change is told when it has happened', () => {
      const seen: number[] = []
      presence.onChange((room) => seen.push(presence.count(room)))
      presence.enter(r, 'ann')
      presence.exit(r, 'ann')
      assert.deepEqual(seen, [1, 0])
    })

    test('a list names at most as many as asked for, and counts all', async () => {
      for (let i = 0; i < 30; i++) presence.enter(r, `u${i}`)
      const { users, count } = await presence.list(r, 10)
      assert.deepEqual([users.length, new Set(users).size, count], [10, 10, 30])
      assert.deepEqual(await presence.list(newId(), 10), { users: [], count: 0 })
    })

    test('after any coming and going it says what simple counting says', async () => {
      const step = fc.tuple(
        fc.boolean(),
        fc.constantFrom('r' as const, 's' as const),
        fc.constantFrom('ann', 'bob', 'cho'),
      )
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
          const counted = new Map<string, number>()
          const fresh = await open()
          const rooms = { r: newId(), s: newId() }
          for (const [enters, name, user] of steps) {
            const room = rooms[name]
            const key = `${room} ${user}`
            const before = counted.get(key) ?? 0
            const changed = enters ? fresh.enter(room, user) : fresh.exit(room, user)
            assert.equal(changed, enters ? before === 0 : before === 1)
            counted.set(key, Math.max(0, before + (enters ? 1 : -1)))
          }
          for (const room of [rooms.r, rooms.s]) {
            const online = ['ann', 'bob', 'cho'].filter((user) => (counted.get(`${room} ${user}`) ?? 0) > 0)
            assert.deepEqual((await fresh.list(room, 10)).users.toSorted(), online)
            assert.equal(fresh.count(room), online.length)
            assert.deepEqual([...(await fresh.among(room, ['ann', 'bob', 'cho', 'dan']))], online)
          }
        }),
        { numRuns: 200 },
      )
    })
  })
}
