import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/**
 * The floor: what it costs this machine to write some bytes to many sockets with nothing around it. Run as a child twice:
 * `write` writes and tells its CPU time per write, `read PORT COUNT` reads.
 */
export interface FloorPlan {
  bytes: number
  writesPerSecond: number
  seconds: number
}
export interface FloorResult {
  writesPerSecond: number
  userMicros: number
  systemMicros: number
}

async function write(): Promise<void> {
  const sockets: Socket[] = []
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {})
    socket.resume()
    sockets.push(socket)
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 })
  await once(server, 'listening')
  process.send?.({ port: (server.address() as AddressInfo).port })
  process.on('message', (plan: FloorPlan) => {
    void writeToAll(sockets, plan).then((result) => process.send?.(result))
  })
}

async function writeToAll(sockets: Socket[], plan: FloorPlan): Promise<FloorResult> {
  const bytes = Buffer.alloc(plan.bytes, 'a')
  const interval = (sockets.length / plan.writesPerSecond) * 1000
  const rounds = async (seconds: number): Promise<number> => {
    const start = performance.now()
    const count = Math.ceil((seconds * 1000) / interval)
    for (let i = 0; i < count; i++) {
      for (const socket of sockets) socket.write(bytes)
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, start + (i + 1) * interval - performance.now())))
    }
    return count * sockets.length
  }
  await rounds(1)
  const began = performance.now()
  const before = process.cpuUsage()
  const writes = await rounds(plan.seconds)
  const { user, system } = process.cpuUsage(before)
  return {
    writesPerSecond: writes / ((performance.now() - began) / 1000),
    userMicros: user / writes,
    systemMicros: system / writes,
  }
}

function read(port: number, count: number): void {
  const buffer = Buffer.allocUnsafeSlow(512 * 1024)
  let open = 0
  for (let i = 0; i < count; i++) {
    const socket = connect({ port, host: '127.0.0.1', onread: { buffer, callback: () => true } })
    socket.on('error', () => {})
    socket.on('connect', () => {
      if (++open === count) process.send?.({ open })
    })
  }
}

if (process.send !== undefined && process.argv[1] === import.meta.filename) {
  process.on('disconnect', () => process.exit(0))
  if (process.argv[2] === 'write') await write()
  else read(Number(process.argv[3]), Number(process.argv[4]))
}
