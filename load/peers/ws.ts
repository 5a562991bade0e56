import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import { WebSocket, WebSocketServer } from 'ws'

/**
 * Broadcasting as the README of `ws` shows it: the message goes to each client of the room in a loop of `client.send`, turned
 * into JSON once. Without compression, which is off by default. Checks no token and no membership, stores nothing, and takes
 * no notice of clients that read too slowly. With Redis it is one of several nodes: a message is published on a channel of the room,
 * and each node that has clients there sends it to them.
 */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    /** Numbers are of what this node takes: given where there are several, and to one that was started again. */
    node: { type: 'string' },
    redis: { type: 'string' },
  },
})
const node = values.node === undefined ? undefined : Number(values.node)

const publisher = values.redis === undefined ? null : new Redis(values.redis)
const subscriber = publisher?.duplicate()
subscriber?.on('message', broadcast)

interface Command {
  id: number
  op: 'hello' | 'subscribe' | 'send'
  room: string
  clientMessageId: string
  body: string
}

const http = createServer()
const server = new WebSocketServer({ server: http, perMessageDeflate: false })
const rooms = new Map<string, Set<WebSocket>>()
const heads = new Map<string, number>()

server.on('connection', (client) => {
  // Who a service's user is: as long as Yeoul's ids.
  const user = randomUUID()
  const joined = new Set<string>()
  client.on('error', () => {})
  client.on('close', () => {
    for (const room of joined) leave(room, client)
  })
  client.on('message', async (data) => {
    const { id, op, room, clientMessageId, body } = JSON.parse(String(data)) as Command
    const answer = (ok: unknown) => client.send(JSON.stringify({ re: id, ok }))
    if (op === 'hello') return answer({})
    if (op === 'subscribe') {
      joined.add(room)
      await join(room, client)
      return answer({ seq: heads.get(room) ?? 0, node })
    }
    const seq = (heads.get(room) ?? 0) + 1
    heads.set(room, seq)
    // The same fields as a message event of Yeoul's, so that both move the same bytes.
    const event = { seq, node, type: 'message', at: Date.now(), actor: user, n: seq, clientMessageId, body }
    const text = JSON.stringify({ room, event })
    if (publisher === null) broadcast(room, text)
    else void publisher.publish(room, text)
    answer({ seq, node })
  })
})

function broadcast(room: string, text: string): void {
  for (const client of rooms.get(room) ?? []) if (client.readyState === WebSocket.OPEN) client.send(text)
}

async function join(room: string, client: WebSocket): Promise<void> {
  const known = rooms.get(room)
  if (known !== undefined) {
    known.add(client)
    return
  }
  rooms.set(room, new Set([client]))
  await subscriber?.subscribe(room)
}

function leave(room: string, client: WebSocket): void {
  const members = rooms.get(room)
  members?.delete(client)
  if (members?.size !== 0) return
  rooms.delete(room)
  void subscriber?.unsubscribe(room)
}

http.listen({ port: Number(values.port), host: '127.0.0.1', backlog: 8192 }, () => {
  const address = http.address()
  if (address !== null && typeof address === 'object') console.log(`listening on http://127.0.0.1:${address.port}`)
})
process.on('disconnect', () => process.exit(0))
process.on('SIGTERM', () => process.exit(0))
