import { createServer } from 'node:http'
import { parseArgs } from 'node:util'
import { Server } from 'socket.io'

/**
 * The yardstick: a plain Socket.IO 4.8 chat server, WebSocket only, one process, in memory. It numbers the messages of a
 * room, acknowledges them and emits them to the room, as its documentation shows it; it stores nothing, checks no token
 * and no membership.
 */
const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } })

const http = createServer()
const io = new Server(http, { transports: ['websocket'], serveClient: false })
const heads = new Map<string, number>()

io.on('connection', (socket) => {
  socket.on('subscribe', async (room: string, done: (head: number) => void) => {
    await socket.join(room)
    done(heads.get(room) ?? 0)
  })
  socket.on('send', (room: string, clientMessageId: string, body: string, done: (ok: { seq: number }) => void) => {
    const seq = (heads.get(room) ?? 0) + 1
    heads.set(room, seq)
    // The same fields as a message event of Yeoul's, so that both move the same bytes.
    io.to(room).emit('event', room, {
      seq,
      type: 'message',
      at: Date.now(),
      actor: socket.id,
      n: seq,
      clientMessageId,
      body,
    })
    done({ seq })
  })
})

http.listen({ port: Number(values.port), host: '127.0.0.1', backlog: 8192 }, () => {
  const address = http.address()
  if (address !== null && typeof address === 'object') console.log(`listening on http://127.0.0.1:${address.port}`)
})
process.on('disconnect', () => process.exit(0))
process.on('SIGTERM', () => process.exit(0))
