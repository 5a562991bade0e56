/** Nodes as processes of their own, killed with SIGKILL at random moments under load, and at named points of one message. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Cluster, startCluster } from '../../deploy/local/cluster.ts'
import type { LocalNode } from '../../deploy/local/node.ts'
import { through } from '../support/cluster.ts'
import { Crowd } from '../support/crowd.ts'
import { PARTITIONS } from '../support/database.ts'
import { newPerson } from '../support/people.ts'
import { TcpProxy } from '../support/proxy.ts'
import { Random } from '../support/random.ts'
import { openRoom, post } from '../support/rooms.ts'
import { API_KEY } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'
import { assertWitnessed, eventually, Follower, Writer } from '../support/witnesses.ts'

const KILLS = 4
/** A node that has not been heard of for 5 s is gone: long before that is over its last exits are told. */
const GONE_MS = 9_000

let cluster: Cluster
/** Parts that ended though nobody killed them. */
const died: string[] = []
let toDatabase: TcpProxy
let toRedis: TcpProxy
let first: LocalNode
let second: LocalNode
let api: LocalNode
before(async () => {
  cluster = await startCluster({
    gateways: 2,
    workers: 1,
    apis: 1,
    postgres: { fsync: false },
    died: ({ name }) => died.push(name),
    env: async ({ name }, backends) => {
      const env = {
        YEOUL_API_KEY: API_KEY,
        YEOUL_RATE_LIMIT: 'off',
        YEOUL_LOG_LEVEL: 'error',
        YEOUL_PARTITIONS: String(PARTITIONS),
      }
      if (name !== 'gateway-1') return env
      toDatabase = await TcpProxy.to(Number(new URL(backends.postgres).port))
      toRedis = await TcpProxy.to(Number(new URL(backends.redis).port))
      return {
        ...env,
        YEOUL_DATABASE_URL: through(toDatabase, backends.postgres),
        YEOUL_REDIS_URL: through(toRedis, backends.redis),
      }
    },
  })
  first = cluster.node('gateway-1')
  second = cluster.node('gateway-2')
  api = cluster.node('api-1')
})
after(async () => {
  assert.deepEqual(died, [], 'nothing died by itself')
  await cluster?.stop()
  toDatabase?.close()
  toRedis?.close()
})

const gateways = () => [first.url, second.url]
const person = () => newPerson({ url: api.url, config: { apiKey: API_KEY } } as Parameters<typeof newPerson>[0])

test(`[P1–P5] ${KILLS} times kill -9 of a gateway, an API node or a worker under load: nothing is lost`, {
  timeout: 180_000,
}, async (t) => {
  const random = new Random()
  t.diagnostic(`SEED=${random.seed}`)
  using crowd = await Crowd.gather({ gateways: gateways(), apis: [api.url], apiKey: API_KEY, random })
  await crowd.progress()
  const killed: string[] = []
  // Each gateway at least once.
  for (let kill = 0; kill < KILLS; kill++) {
    const { name } = kill < 2 ? [first, second][kill]! : random.pick(cluster.nodes)
    await sleep(random.whole(20, 500))
    await cluster.kill(name)
    killed.push(name)
    await sleep(random.whole(0, 300))
    await cluster.restart(name)
    await crowd.progress(10)
  }
  await crowd.assertKept({ database: cluster.postgres.url })
  t.diagnostic(`killed: ${killed.join(', ')}; ${crowd.summary}`)
})

describe('a gateway is killed at a point of one message', () => {
  /** The piece of the wire to the database, or from it, that holds both, in this order. */
  const sees = (...words: string[]) => {
    const left = [...words]
    return (piece: Buffer) => {
      for (let at = 0; left.length > 0; left.shift()) {
        at = piece.indexOf(left[0] as string, at)
        if (at < 0) return false
      }
      return true
    }
  }

  const POINTS: { at: string; stored: boolean; arm: (text: string, reached: () => void) => void }[] = [
    {
      at: 'before the commit',
      stored: false,
      arm: (text, reached) => {
        const commit = sees(text, 'COMMIT')
        toDatabase.up.holds = (piece) => {
          if (!commit(piece)) return false
          reached()
          return true
        }
      },
    },
    {
      at: 'after the commit, before its answer',
      stored: true,
      arm: (text, reached) => {
        const sent = sees(text, 'COMMIT')
        let committing = false
        toDatabase.up.holds = (piece) => {
          committing ||= sent(piece)
          return false
        }
        toDatabase.down.holds = (piece) => {
          if (!committing || !piece.includes('COMMIT')) return false
          reached()
          return true
        }
      },
    },
    {
      at: 'after the acknowledgement, before any node is told',
      stored: true,
      arm: (text, reached) => {
        const sent = sees(text, 'COMMIT')
        toDatabase.up.holds = (piece) => {
          // What goes to Redis from here on gets lost.
          if (sent(piece)) toRedis.loseAll()
          return false
        }
        const acknowledged = setInterval(() => {
          if (!told()) return
          clearInterval(acknowledged)
          reached()
        }, 1)
        acknowledged.unref()
      },
    },
  ]
  /** Whether the message of the present test was acknowledged. */
  let told = () => false

  for (const { at, stored, arm } of POINTS) {
    test(`[P1] [P3] [P4] ${at}: it is stored once, and everybody gets it though nothing else is said`, {
      timeout: 180_000,
    }, async (t) => {
      const [ann, ben] = [await person(), await person()]
      const room = await openRoom(ann, ben)
      const follower = new Follower(second.url, ben, [room])
      const writer = new Writer(gateways(), ann)
      t.after(() => {
        writer.line.stop()
        follower.line.stop()
      })
      await eventually(
        () => writer.line.live && follower.recoveries > 0,
        () => 'all are connected',
      )
      const head = follower.head(room)
      const text = `the text of ${crypto.randomUUID()}`
      const id = `${text}.`
      let sent = ''
      told = () => writer.acked.has(sent)
      await new Promise<void>((resolve) => {
        arm(id, resolve)
        sent = writer.send(room, id)
      })
      await cluster.kill(first.name)
      const killedAt = performance.now()
      toDatabase.heal()
      await eventually(
        () => writer.unacked === 0,
        () => 'the message is acknowledged by the other gateway',
      )
      await eventually(
        () => follower.head(room) > head,
        () => 'the follower on the other gateway gets it',
      )
      t.diagnostic(`delivered ${(performance.now() - killedAt).toFixed(0)} ms after the kill`)
      const rooms = await assertWitnessed({
        ...{ rooms: [room], reader: ann },
        ...{ writers: [writer], followers: [follower] },
      })
      assert.equal(rooms.get(room)?.events.length, head + 1, stored ? 'the repeat was recognised' : 'it was stored')
      await cluster.restart(first.name)
    })
  }
})

test('who was connected to a gateway that is killed goes offline by themselves', { timeout: 180_000 }, async () => {
  const [ann, ben] = [await person(), await person()]
  const room = await openRoom(ann, ben)
  const [watcher, gone] = [
    await TestSocket.hello(second.url, ann.accessToken),
    await TestSocket.hello(first.url, ben.accessToken),
  ]
  await watcher.ok('subscribe', { room })
  await gone.ok('subscribe', { room })
  const online = async () => (await watcher.ok<{ online: string[] }>('presence', { room })).online
  await eventually(
    async () => (await online()).includes(ben.id),
    () => 'ben is online',
  )
  const killedAt = Date.now()
  await cluster.kill(first.name)
  await eventually(
    async () => !(await online()).includes(ben.id),
    () => 'ben is still online',
  )
  const lastExitAt = async () => {
    const { body } = await ann.call<{ items: { user: string; lastExitAt: number | null }[] }>(
      'GET',
      `/rooms/${room}/members`,
    )
    return body.items.find(({ user }) => user === ben.id)?.lastExitAt ?? 0
  }
  await eventually(
    async () => Math.abs((await lastExitAt()) - killedAt) < GONE_MS,
    () => 'the time of his last exit is not known',
  )
  await post(ann, room)
  await watcher.until(() => watcher.seqs(room).length > 0, 'messages go on')
  watcher.close()
  await cluster.restart(first.name)
})
