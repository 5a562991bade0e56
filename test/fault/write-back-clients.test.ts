import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import pg from 'pg'
import { startTestCluster } from '../support/cluster.ts'
import { newPerson } from '../support/people.ts'
import { TestSocket } from '../support/socket.ts'
import { eventually } from '../support/witnesses.ts'

interface Subscribed {
  position: { epoch: number; seq: number }
  recovered: boolean
  messages?: { body: string }[]
}

test('[P4] when Redis lost the log, every client is told that its position is of another epoch, on every node', {
  timeout: 180_000,
}, async () => {
  await using cluster = await startTestCluster({ nodes: 2, config: { log: 'redis', persistIntervalMs: 100 } })
  const [first, second] = cluster.nodes as [(typeof cluster.nodes)[0], (typeof cluster.nodes)[0]]
  const person = await newPerson(first)
  const { body: created } = await person.call<{ id: string }>('POST', '/rooms', { title: 'room' })
  const room = created.id
  const [near, far] = [
    await TestSocket.hello(first.url, person.accessToken),
    await TestSocket.hello(second.url, person.accessToken),
  ]
  /** As a client does: while the log is being adopted it repeats. */
  const send = async (body: string) => {
    for (let tries = 0; ; tries++) {
      const { ok, err } = await near.ask('send', { room, clientMessageId: body, body, retry: tries > 0 })
      if (ok !== undefined) return ok as { durability: string }
      assert.ok((err as { retryable: boolean }).retryable && tries < 600, JSON.stringify(err))
      await sleep(50)
    }
  }
  assert.equal((await send('kept')).durability, 'logged')
  const database = new pg.Client(cluster.postgres.url)
  await database.connect()
  await eventually(
    async () => (await database.query(`SELECT 1 FROM events WHERE body = 'kept'`)).rowCount === 1,
    () => 'the message is not written back',
  )
  await database.end()
  const before = await far.ok<Subscribed>('subscribe', { room })
  await near.ok<Subscribed>('subscribe', { room })

  const redis = new Redis(cluster.redis.url)
  await redis.flushall()
  redis.disconnect()

  for (const socket of [near, far]) {
    const reset = await socket.until(() => socket.pushes<{ room: string; epoch: number }>('reset')[0], 'a reset')
    assert.equal(reset.room, room)
    assert.ok(reset.epoch > before.position.epoch)
    const again = await socket.ok<Subscribed>('subscribe', { room, position: before.position })
    assert.equal(again.recovered, false)
    assert.equal(again.position.epoch, reset.epoch)
    assert.deepEqual(
      again.messages?.map(({ body }) => body),
      ['kept'],
    )
  }
  await send('after')
  await far.until(() => far.seqs(room).length > 0, 'the message of the new epoch')
  near.close()
  far.close()
})
