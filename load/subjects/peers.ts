import { Peer } from './peer.ts'
import type { SubjectShape } from './subject.ts'

/** Socket.IO, with the sharded Redis adapter where there are several nodes. Stores nothing, recovers nothing. */
export function startSocketIo(shape: SubjectShape): Promise<Peer> {
  const several = shape.nodes > 1
  return Peer.start(
    { dialect: 'socketio', program: 'socketio.ts', redis: several, options: several ? ['--adapter', 'redis'] : [] },
    shape,
  )
}

/** Socket.IO with the Redis Streams adapter and connection state recovery: of the newest 10,000 messages of all rooms. */
export function startSocketIoStreams(shape: SubjectShape): Promise<Peer> {
  return Peer.start(
    { dialect: 'socketio', program: 'socketio.ts', redis: true, options: ['--adapter', 'redis-streams'] },
    shape,
  )
}

/** One Socket.IO that stores each message in PostgreSQL, by an INSERT of its own, before it acknowledges and emits it. */
export function startSocketIoPostgres(shape: Omit<SubjectShape, 'nodes'>): Promise<Peer> {
  return Peer.start({ dialect: 'socketio', program: 'socketio.ts', postgres: true }, { ...shape, nodes: 1 })
}

/** `ws` with a loop over the clients of a room, and Redis Pub/Sub where there are several nodes. */
export function startWs(shape: SubjectShape): Promise<Peer> {
  return Peer.start({ dialect: 'ws', program: 'ws.ts', redis: shape.nodes > 1 }, shape)
}
