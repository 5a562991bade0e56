import { after, before, describe } from 'node:test'
import { type Postgres, startPostgres } from '../../deploy/local/postgres.ts'
import { type LocalRedis, startRedis } from '../../deploy/local/redis.ts'
import { historyContract } from './history.contract.ts'
import { logContract } from './log.contract.ts'
import { logModelContract } from './log-model.contract.ts'
import { membershipsContract } from './memberships.contract.ts'
import { mentionsContract } from './mentions.contract.ts'
import { openWithoutWorker, openWithWorker } from './redis-log-store.ts'
import { roomsContract } from './rooms.contract.ts'

describe('the Redis log on PostgreSQL', () => {
  let postgres: Postgres
  let redis: LocalRedis
  before(async () => {
    // Only behaviour counts here.
    ;[postgres, redis] = await Promise.all([
      startPostgres({ fsync: false }),
      startRedis({ appendonly: true, appendfsync: 'no' }),
    ])
  })
  after(() => Promise.all([postgres.stop(), redis.stop()]))

  for (const [state, openStore] of [
    ['nobody writes it to the database', openWithoutWorker],
    ['a worker writes and trims it meanwhile', openWithWorker],
  ] as const) {
    describe(state, () => {
      const open = () => openStore(redis.url, postgres)
      logContract(open)
      logModelContract(open)
      roomsContract(open)
      membershipsContract(open)
      mentionsContract(open)
      historyContract(open)
    })
  }
})
