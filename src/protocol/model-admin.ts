/** The things that travel between the server and its admins. Times are ms since 1970 UTC. */
import type { Durability, Room, User, UserRole } from './model.ts'

/** A user as admins see them. */
export interface AdminUser extends User {
  role: UserRole
  /** Shut out: can neither sign in nor stay signed in. */
  disabled: boolean
}

/** A one-time link by which a user sets a new password without knowing the old one. */
export interface ResetLink {
  token: string
  /** The page's address with the token in its fragment, which no proxy logs. */
  url: string
  expiresAt: number
}

/** A room as admins see it: never what was said in it. */
export interface AdminRoom extends Room {
  /** How many messages it has had, deleted ones too. */
  messageCount: number
  /** When the newest of them was sent; null when there was none. */
  lastMessageAt: number | null
}

/** How all nodes together were doing at one moment. */
export interface FiguresPoint {
  at: number
  connections: number
  /** Connections that said hello. */
  sessions: number
  /** Messages accepted. */
  messagesPerSecond: number
  /** Events written, times the connections that they were written to. */
  deliveriesPerSecond: number
  /** From the time of an event until it is written to the connections; of the slowest node. null: nothing was delivered. */
  deliveryP99Ms: number | null
  /** From the dispatch of a batch of messages until it is durable; of the slowest node. null: nothing was sent. */
  ackP99Ms: number | null
  /** Events that are in the fast log and not in the database yet; 0 where there is no such log. */
  backlog: number
  /** The share of time that the main thread of the busiest node was busy, 0 to 1. */
  load: number
  /** Resident memory of all processes, in bytes. */
  memory: number
  /** How many nodes were alive. */
  nodes: number
}

export interface Figures {
  /** The time between two points. */
  everyMs: number
  /** Rising, at most those of the last ten minutes. Points are missing for the time that the nodes could not be asked. */
  points: FiguresPoint[]
}

/** What the installation holds, in numbers. */
export interface Summary {
  users: number
  /** Of these, those who are shut out. */
  disabledUsers: number
  /** Of every kind. */
  rooms: number
  /** Messages that these rooms have had, deleted ones too. */
  messages: number
  /** What an acknowledgement promises here. */
  storageLevel: Durability
  /** Of the program, and how long it has run: as the node that answers has it. */
  version: string
  uptimeMs: number
  /** Entries of the fast log that the database refused and that wait for an operator. */
  parked: number
}

/** An entry of the fast log that the database refused, without what it holds. An empty place stands for it in its room. */
export interface ParkedItem {
  id: number
  partition: number
  room: string
  seq: number
  /** What the database said. */
  why: string
  tries: number
  at: number
}

/** What a node is for the whole of its life. A process that starts again is another node. */
export interface NodeIdentity {
  /** New at each start. */
  id: string
  /** What the operator calls it; two nodes may have the same name for a moment, while one takes the other's place. */
  name: string
  roles: string[]
  /** Of the program. */
  version: string
  startedAt: number
  /** The ids of the keys whose access tokens it takes; it signs with the first. */
  keys: string[]
}

/** How a node is doing, measured anew for each heartbeat. */
export interface NodeReport {
  state: 'starting' | 'ready' | 'draining'
  connections: number
  /** Connections that said hello. */
  sessions: number
  /** Rooms held in memory. */
  hotRooms: number
  /** Messages accepted in the last second. */
  sendsPerSecond: number
  /** Events written in the last second, times the connections that they were written to. */
  deliveriesPerSecond: number
  /** From the time of an event until it is written to the connections, ms; null when nothing was delivered. */
  deliveryP99Ms: number | null
  /** From the dispatch of a batch of messages until it is durable, ms; null when nothing was sent. */
  ackP99Ms: number | null
  /** Events of the fast log that this node's worker has not written to the database yet; 0 without one. */
  backlog: number
  /** Share of the main thread's time that was busy since the last heartbeat, 0 to 1. */
  load: number
  /** Resident memory of the process, in bytes. */
  memory: number
}

/** A node that is alive, as the others see it. */
export interface AdminNode extends NodeIdentity, NodeReport {
  /** When its last heartbeat was, by the registry's own clock. */
  seenAt: number
}

/** What an option can be; null: nothing. */
export type ConfigValue = string | number | boolean | string[] | null

/** One option of the configuration. */
export interface ConfigItem {
  key: string
  env: string
  flag: string | null
  /** In force. Of a secret null. */
  value: ConfigValue
  default: ConfigValue
  /** `default`, `env NAME`, `flag --name`, `file NAME`, or `run time` for what an admin set. */
  source: string
  /** Whether it may change while the server runs. */
  changeable: boolean
  secret: boolean
  min?: number
  max?: number
  choices?: string[]
  /** What a value must be, in words. */
  form: string
  description: string
}

export interface ConfigInForce {
  /** How many changes were made so far. */
  version: number
  items: ConfigItem[]
}

/** One change of the configuration at run time: the version that it made, who made it, when, and what it was before. */
export interface ConfigChange {
  /** 1, 2, 3 … */
  version: number
  at: number
  /** The admin's user id; null when nobody is known. */
  actor: string | null
  /** By option. `to` null: back to the value that each node started with. */
  changes: Record<string, { from: ConfigValue; to: ConfigValue }>
}
