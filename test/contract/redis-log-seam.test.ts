import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Postgres, startPostgres } from '../../deploy/local/postgres.ts'
import { type LocalRedis, startRedis } from '../../deploy/local/redis.ts'
import { RedisLogSide } from '../../src/adapters/redis/write-back.ts'
import type { Draft } from '../../src/ports/log.ts'
import { applyEvent, messageOf } from '../../src/protocol/message.ts'
import type { Message, RoomEvent } from '../../src/protocol/model.ts'
import { Random } from '../support/random.ts'
import { adopted, drain, type LogNode, openLogNode, PARTITIONS, startWorker, trimAll } from './redis-log-store.ts'
import { allEvents, message, newRoom, newUsers } from './store.ts'

const ROUNDS = 60
const EMOJI = ['👍', '❤️', 'ㅋㅋ', '🎉'] as const

describe('the seam of log and database', () => {
  let postgres: Postgres
  let redis: LocalRedis
  before(async () => {
    ;[postgres, redis] = await Promise.all([
      startPostgres({ fsync: false }),
      startRedis({ appendonly: true, appendfsync: 'no' }),
    ])
  })
  after(() => Promise.all([postgres.stop(), redis.stop()]))

  test('[P2] two nodes change the same messages while a worker writes and trims and rooms go cold: every page is of one moment, and in the end log, database and the events say the same', async () => {
    const url = await postgres.createDatabase()
    const random = new Random()
    const { seed } = random
    const nodes = [await openLogNode(redis.url, url), await openLogNode(redis.url, url)] as [LogNode, LogNode]
    const worker = startWorker(nodes[0], url, { intervalMs: () => random.whole(1, 150) })
    await adopted(nodes[0])
    const users = await newUsers(nodes[0].store, 5)
    const rooms = [await newRoom(nodes[0].store, users), await newRoom(nodes[0].store, users)]
    let working = true

    const change = async ({ store }: LogNode) => {
      for (let i = 0; i < ROUNDS; i++) {
        const drafts = Array.from({ length: random.whole(1, 8) }, (): Draft => {
          const [room, actor] = [random.pick(rooms), random.pick(users)]
          const target = random.chance(0.5) ? 6 : random.whole(6, 8 + i * 5)
          const what = random.next()
          if (what < 0.35) return message(room, actor, `m${i}`, random.chance(0.3) ? { replyTo: target } : {})
          if (what < 0.5) return { type: 'edit', room, actor, target, body: `e${i}`, mentions: [] }
          if (what < 0.55) return { type: 'delete', room, actor, target, moderate: true }
          return { type: 'reaction', room, actor, target, emoji: random.pick(EMOJI), on: random.chance(0.7), most: 3 }
        })
        for (const result of await store.log.append(drafts))
          assert.ok(result.ok || /^(message_|not_the_sender|too_many)/.test(result.code), JSON.stringify(result))
        if (random.chance(0.3)) await sleep(random.whole(0, 60))
      }
    }
    const disturb = async () => {
      const side = new RedisLogSide({ functions: nodes[1].redisLog.functions, windowMs: () => 600_000, idleMs: 0 })
      while (working) {
        // What is trimmed is changed again meanwhile.
        await trimAll(nodes[1], url, random.whole(0, 80))
        for (let partition = 0; partition < PARTITIONS; partition++) await side.tidy(partition)
      }
    }
    const look = async ({ store }: LogNode) => {
      while (working) {
        const room = random.pick(rooms)
        const { messages, head, n } = await store.history.messages(room, { limit: 200 })
        assert.deepEqual(
          messages.map((each) => each.n),
          Array.from({ length: messages.length }, (_, i) => n - messages.length + 1 + i),
        )
        const events = await allEvents(store, room, 100)
        assert.ok(events.length >= head)
        for (const [i, event] of events.entries()) assert.equal(event.seq, i + 1)
        for (const each of messages) assertOfOneMoment(each, events, head)
        await sleep(2)
      }
    }
    const looking = Promise.all([disturb(), look(nodes[0]), look(nodes[1])])
    await Promise.all([change(nodes[0]), change(nodes[1])]).finally(() => {
      working = false
    })
    await looking
    await worker.stop()
    // Some of it is in the log alone again.
    await change(nodes[1])

    for (const room of rooms) {
      const inLog = await allEvents(nodes[0].store, room, 100)
      const { messages } = await nodes[0].store.history.messages(room, { limit: 10_000 })
      assert.deepEqual(messages.map(bare), replayed(inLog).map(bare), `seed ${seed}`)
    }
    const before = await Promise.all(rooms.map((room) => everything(nodes[0], room)))
    await drain(nodes[0], url)
    assert.deepEqual((await nodes[0].database.verify()).problems, [], `seed ${seed}`)
    const afterwards = await Promise.all(rooms.map((room) => everything({ store: nodes[0].database }, room)))
    assert.deepEqual(afterwards, before, `seed ${seed}`)
    await Promise.all(nodes.map((node) => node.close()))
  })
})

async function everything({ store }: Pick<LogNode, 'store'>, room: string) {
  const events = await allEvents(store, room, 100)
  return { events, ...(await store.history.messages(room, { limit: 10_000 })) }
}

/** The message has all that had happened to it at the page's head, and its reactions are those of its rev. */
function assertOfOneMoment(message: Message, events: RoomEvent[], head: number): void {
  const about = events.filter((event) => 'target' in event && event.target === message.seq)
  const newest = about.findLast((event) => event.seq <= head)
  assert.ok(newest === undefined || newest.seq <= message.rev, `${message.seq} lacks event ${newest?.seq}`)
  const [then] = replayed(
    events.filter((event) => event.seq <= message.rev && (event.seq === message.seq || about.includes(event))),
  )
  assert.deepEqual([message.reactions, message.rev], [then?.reactions, then?.rev])
}

/** Messages as a client has them that applied every event. */
function replayed(events: RoomEvent[]): Message[] {
  const messages = new Map<number, Message>()
  for (const event of events) {
    if (event.type === 'message') messages.set(event.seq, messageOf(event))
    else if ('target' in event) {
      const target = messages.get(event.target)
      assert.ok(target, `${event.type} ${event.seq} is about a message`)
      messages.set(event.target, applyEvent(target, event))
    }
  }
  return [...messages.values()]
}

/** Without what an event with its text as it is now cannot tell: of an erased message, when it was edited before. */
function bare({ editedAt: _, ...message }: Message) {
  return message
}
