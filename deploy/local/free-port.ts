import { createServer } from 'node:net'

/** Below the ports that the system gives to outgoing connections: one of those could sit on it while its server is down. */
const LOW = 30_000
const HIGH = 32_700

const given = new Set<number>()

/** A port of this machine on which nothing listens, another one at each call. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOW + Math.floor(Math.random() * (HIGH - LOW))
    if (given.has(port) || !(await isFree(port))) continue
    given.add(port)
    return port
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
