import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'

/**
 * Below the ports that the system gives to outgoing connections: one of those could sit on it while its server is down. And
 * 10,000 below that, since each node of a Redis Cluster listens on a second port, so far above its first.
 */
const LOW = 12_000
const HIGH = 22_000

/** A port of this machine on which nothing listens: another one at each call, in all processes that ask here. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOW + Math.floor(Math.random() * (HIGH - LOW))
    if ((await reserve(port)) && (await isFree(port))) return port
  }
}

/** Holds the UDP port of the same number, on which nobody says anything, until this process ends. False: another one does. */
function reserve(port: number): Promise<boolean> {
  const socket = createSocket('udp4').unref()
  return new Promise((resolve) => {
    socket.once('error', () => socket.close(() => resolve(false)))
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => resolve(true))
  })
}

function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
