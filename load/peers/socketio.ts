import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { parseArgs } from 'node:util'
import { createShardedAdapter } from '@socket.io/redis-adapter'
import { createAdapter as createStreamsAdapter } from '@socket.io/redis-streams-adapter'
import { Redis } from 'ioredis'
import pg from 'pg'
import { Server, type ServerOptions } from 'socket.io'

/**
 * A Socket.IO 4.8 chat server as its documentation shows it: it numbers the messages of a room, acknowledges them and emits
 * them to the room; it checks no token and no membership. WebSocket only.
 *
 * Alone it keeps all in memory. As one of several nodes it has an adapter, set up as its documentation says, with ioredis,
 * which that documentation prefers: the sharded one of Redis Pub/Sub ("for new developments, we recommend using the sharded
 * adapter") or the one of Redis Streams, with connection state recovery. With PostgreSQL it stores each message by an INSERT of
 * its own before it acknowledges and emits it.
 */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    adapter: { type: 'string', default: 'none' },
    /** Numbers are of what this node takes: given where there are several, and to one that was started again. */
    node: { type: 'string' },
    redis: { type: 'string' },
    postgres: { type: 'string' },
  },
})
const node = values.node === undefined ? undefined : Number(values.node)

function adapterOptions(): Partial<ServerOptions> {
  switch (values.adapter) {
    case 'redis': {
      const publisher = new Redis(values.redis!)
      return { adapter: createShardedAdapter(publisher, publisher.duplicate()) }
    }
    case 'redis-streams':
      return {
        adapter: createStreamsAdapter(new Redis(values.redis!)),
        connectionStateRecovery: { maxDisconnectionDuration: 2 * 60 * 1000, skipMiddlewares: true },
      }
    default:
      return {}
  }
}

const pool = values.postgres === undefined ? null : new pg.Pool({ connectionString: values.postgres })
const INSERT = 'INSERT INTO messages (room, sender, client_message_id, body) VALUES ($1, $2, $3, $4)'
await pool?.query(`
  CREATE TABLE IF NOT EXISTS messages (
    id bigserial PRIMARY KEY,
    room text NOT NULL,
    sender text NOT NULL,
    client_message_id text NOT NULL,
    body text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
  );
  CREATE INDEX IF NOT EXISTS messages_of_room ON messages (room, id);
`)

type Done = (ok: { seq: number; node: number | undefined }) => void

const http = createServer()
const io = new Server(http, { ...adapterOptions(), transports: ['websocket'], serveClient: false })
const heads = new Map<string, number>()

io.on('connection', (socket) => {
  // Who a service's user is: as long as Yeoul's ids.
  const user = randomUUID()
  socket.on('subscribe', async (room: string, done: Done) => {
    await socket.join(room)
    done({ seq: heads.get(room) ?? 0, node })
  })
  if (pool === null) {
    socket.on('send', (room: string, clientMessageId: string, body: string, done: Done) => {
      emit(room, user, clientMessageId, body, done)
    })
  } else {
    socket.on('send', async (room: string, clientMessageId: string, body: string, done: Done) => {
      await pool.query(INSERT, [room, user, clientMessageId, body])
      emit(room, user, clientMessageId, body, done)
    })
  }
})

function emit(room: string, actor: string, clientMessageId: string, body: string, done: Done): void {
  const seq = (heads.get(room) ?? 0) + 1
  heads.set(room, seq)
  // The same fields as a message event of Yeoul's, so that both move the same bytes.
  io.to(room).emit('event', room, { seq, node, type: 'message', at: Date.now(), actor, n: seq, clientMessageId, body })
  done({ seq, node })
}

http.listen({ port: Number(values.port), host: '127.0.0.1', backlog: 8192 }, () => {
  const address = http.address()
  if (address !== null && typeof address === 'object') console.log(`listening on http://127.0.0.1:${address.port}`)
})
process.on('disconnect', () => process.exit(0))
process.on('SIGTERM', () => process.exit(0))
