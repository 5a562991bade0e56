import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryBus } from '../../src/adapters/memory/bus.ts'
import { Heads } from '../../src/core/heads.ts'
import { Watch } from '../../src/core/watch.ts'
import type { Log } from '../../src/ports/log.ts'
import type { RoomEvent } from '../../src/protocol/model.ts'

const log = {
  heads: async (rooms: string[]) => new Map(rooms.map((room) => [room, { epoch: 1, seq: 5, n: 3 }])),
} as unknown as Log

const event = (seq: number): RoomEvent => ({ type: 'member', seq, at: 0, actor: 'x', user: 'y', role: 'moderator' })

test('a raised epoch is told although the sequence is where it was, and what comes late from the old one is not', async () => {
  const bus = new MemoryBus()
  const heads = new Heads(log, bus)
  const watch = new Watch('somebody', true, heads, 10)
  await watch.add(async () => ['a'])
  heads.apply('a', 2, [event(5)])
  assert.deepEqual(JSON.parse(watch.changes() ?? '').rooms, [{ room: 'a', epoch: 2, seq: 5, n: 0 }])
  heads.apply('a', 1, [event(9)])
  assert.equal(watch.changes(), null)
})

test('[P5] a room that is taken away while the rooms or their heads are read is not watched', async () => {
  for (const moment of ['before the rooms are known', 'before the heads are known']) {
    const bus = new MemoryBus()
    const heads = new Heads(log, bus)
    bus.listen({
      room: (room, notice) => notice.kind === 'events' && heads.apply(room, notice.epoch, notice.events),
      missed: () => {},
      usersMissed: () => {},
      user: () => {},
    })
    const watch = new Watch('somebody', true, heads, 10)
    const rooms = Promise.withResolvers<string[]>()
    const added = watch.add(() => rooms.promise)
    if (moment === 'before the rooms are known') watch.remove('a')
    rooms.resolve(['a', 'b'])
    await rooms.promise
    if (moment === 'before the heads are known') watch.remove('a')
    assert.deepEqual(
      (await added).map((head) => head.room),
      ['b'],
      moment,
    )
    for (const room of ['a', 'b']) bus.publish(room, { kind: 'events', epoch: 1, events: [event(6)] })
    assert.deepEqual(JSON.parse(watch.changes() ?? '').rooms, [{ room: 'b', epoch: 1, seq: 6, n: 3 }])
    await watch.addLater('a', async () => ['a'])
    assert.deepEqual(JSON.parse(watch.changes() ?? '').rooms, [{ room: 'a', epoch: 1, seq: 5, n: 3 }])
  }
})

test('[P5] a head passes no event that was not seen: it may be the leave of who watches', async () => {
  const heads = new Heads(log, new MemoryBus())
  const watch = new Watch('somebody', true, heads, 10)
  await watch.add(async () => ['a'])
  assert.equal(heads.apply('a', 1, [event(8), event(7)]), true)
  assert.equal(watch.changes(), null)
  assert.deepEqual(
    (await heads.behind(() => true)).map((cell) => cell.seq),
    [],
    'the log is not ahead',
  )
  assert.equal(heads.apply('a', 1, [event(6)]), false)
  assert.deepEqual(JSON.parse(watch.changes() ?? '').rooms, [{ room: 'a', epoch: 1, seq: 8, n: 3 }])
})

test('[P5] who leaves while the heads are read watches nothing, though nobody told of the leave', async () => {
  const heads = new Heads(log, new MemoryBus())
  const watch = new Watch('somebody', true, heads, 10)
  const mine = [['a', 'b'], ['b']]
  const answer = await watch.add(async () => mine.shift() ?? [])
  assert.deepEqual(
    answer.map(({ room }) => room),
    ['b'],
  )
  assert.equal(heads.get('a'), undefined, 'given back')
})
