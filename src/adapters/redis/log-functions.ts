import { partitionOf } from '../../core/partition.ts'
import { YeoulError } from '../../protocol/errors.ts'
import { messageOf } from '../../protocol/message.ts'
import type { Message, MessageEvent, RoomEvent } from '../../protocol/model.ts'
import type { NoticeEvent } from '../../protocol/notice.ts'
import type { RedisArgument, RedisLink } from './connection.ts'
import { Library } from './library.ts'
import { RedisUnavailable } from './server.ts'

const library = new Library(
  'log',
  new URL('./log.lua', import.meta.url),
  new URL('./log-room.lua', import.meta.url),
  new URL('./log-append.lua', import.meta.url),
  new URL('./log-read.lua', import.meta.url),
  new URL('./log-write-back.lua', import.meta.url),
)

/** A room as the log holds it; `floor`: all events up to it are in the database and not in the log any more. */
export interface WarmRoom {
  epoch: number
  seq: number
  n: number
  floor: number
  memberCount: number
  /** Seq and time of the last message; 0 when there was none. */
  lastSeq: number
  lastAt: number
  removed: boolean
}

/** The functions of log.lua and its parts, which say what they take and answer. */
export class LogFunctions {
  readonly #link: RedisLink
  readonly #partitions: number

  constructor(link: RedisLink, partitions: number) {
    this.#link = link
    this.#partitions = partitions
  }

  partitionOf(room: string): number {
    return partitionOf(room, this.#partitions)
  }

  /** Whether one call may be about several partitions: in a Redis Cluster they lie in slots of their own. */
  get partitionsShareCalls(): boolean {
    return !this.#link.isCluster
  }

  /** Rejects `unavailable`, `log_full` or `storage_full`; then nothing was done, or for `unavailable` perhaps. */
  call(partition: number, name: string, args: RedisArgument[]): Promise<unknown[]> {
    return this.callOn([partition], name, args)
  }

  /** As `call`, on several partitions where they share calls. */
  async callOn(partitions: number[], name: string, args: RedisArgument[]): Promise<unknown[]> {
    const keys = partitions.map((partition) => `yeoul:{${partition}}:log`) as [string, ...string[]]
    try {
      return (await library.call(this.#link, name, keys, args)) as unknown[]
    } catch (error) {
      throw told(error as Error)
    }
  }

  /** As `call`, on the partition of a room, which is the first argument. */
  async ofRoom(room: string, name: string, ...args: RedisArgument[]): Promise<string[]> {
    return (await this.call(this.partitionOf(room), name, [room, ...args])) as string[]
  }

  /** What is known of these rooms, those that are warm. */
  async warm(rooms: string[]): Promise<Map<string, WarmRoom>> {
    const found = new Map<string, WarmRoom>()
    await Promise.all(
      this.byPartition(rooms).map(async ([partition, some]) => {
        const lines = (await this.call(partition, 'heads', some)) as string[]
        for (const [i, line] of lines.entries()) {
          const room = readRoom(line)
          if (room !== null) found.set(some[i] as string, room)
        }
      }),
    )
    return found
  }

  byPartition(rooms: Iterable<string>): [partition: number, rooms: string[]][] {
    const groups = new Map<number, string[]>()
    for (const room of new Set(rooms)) {
      const partition = this.partitionOf(room)
      const group = groups.get(partition)
      if (group === undefined) groups.set(partition, [room])
      else group.push(room)
    }
    return [...groups]
  }
}

/** Null when the room is cold. */
export function readRoom(line: string): WarmRoom | null {
  if (line === '') return null
  const [epoch, seq, n, floor, memberCount, lastSeq, lastAt, removed] = line.split(' ')
  return {
    epoch: Number(epoch),
    seq: Number(seq),
    n: Number(n),
    floor: Number(floor),
    memberCount: Number(memberCount),
    lastSeq: Number(lastSeq),
    lastAt: Number(lastAt),
    removed: removed !== undefined,
  }
}

/** The events of an answer: payload and changed message of each, from `at` on. */
export function readEvents(answer: string[], at: number): RoomEvent[] {
  const events: RoomEvent[] = []
  for (let i = at; i < answer.length; i += 2) events.push(readEvent(answer[i] as string, answer[i + 1] as string))
  return events
}

/** An event as it is now: with the text of its message when that has changed, and none when that was deleted. */
export function readEvent(payload: string, changed: string): RoomEvent {
  const json = payload.slice(payload.indexOf(' ') + 1)
  if (changed === '') return JSON.parse(json)
  const message = readMessage(changed)
  if (json === '') return eventOf(message)
  return asNow(JSON.parse(json), message)
}

/** What happened to a room or its members, and how many messages it had before. */
export function readNotice(payload: string): { event: NoticeEvent; n: number } {
  const space = payload.indexOf(' ')
  return { event: JSON.parse(payload.slice(space + 1)), n: Number(payload.slice(1, space)) }
}

/** The messages of an answer, in its order. */
export function readMessages(answer: string[], at: number): Message[] {
  const messages: Message[] = []
  for (let i = at; i < answer.length; i += 2) {
    const message = messageAt(answer[i] as string, answer[i + 1] as string)
    if (message !== null) messages.push(message)
  }
  return messages
}

/** The message that a payload and a changed message tell of; null when they tell of none. */
export function messageAt(payload: string, changed: string): Message | null {
  if (changed !== '') return readMessage(changed)
  return payload.startsWith('m') ? messageOf(JSON.parse(payload.slice(payload.indexOf(' ') + 1))) : null
}

/** A message as log.lua keeps it: empty lists are left out, or have become objects. */
export function readMessage(json: string): Message {
  const kept = JSON.parse(json) as Message
  const list = <T>(value: T[] | undefined): T[] => (Array.isArray(value) ? value : [])
  return {
    ...kept,
    body: kept.body ?? null,
    mentions: list(kept.mentions),
    files: list(kept.files),
    reactions: list(kept.reactions).map((each) => ({ ...each, users: list(each.users) })),
  }
}

/** The other way: as log.lua takes it. */
export function writeMessage(message: Message): string {
  const { body, mentions, files, reactions, ...rest } = message
  return JSON.stringify({
    ...rest,
    ...(body !== null && { body }),
    ...(mentions.length > 0 && { mentions }),
    ...(files.length > 0 && { files }),
    ...(reactions.length > 0 && { reactions }),
  })
}

/** What an event of a message, or of an edit of it, shows when the message is as it is now. */
export function asNow(event: RoomEvent, message: Message): RoomEvent {
  if (event.type === 'message') return eventOf(message)
  if (event.type !== 'edit') return event
  const { mentions: _, ...bare } = event
  return { ...bare, body: message.body, ...(message.mentions.length > 0 && { mentions: message.mentions }) }
}

function eventOf(message: Message): MessageEvent {
  const { seq, at, sender, n, clientMessageId, body, replyTo, mentions, files } = message
  return {
    type: 'message',
    seq,
    at,
    actor: sender,
    n,
    clientMessageId,
    body,
    ...(replyTo !== undefined && { replyTo }),
    ...(mentions.length > 0 && { mentions }),
    ...(files.length > 0 && { files }),
  }
}

function told(error: Error): Error {
  if (error instanceof RedisUnavailable) return new YeoulError('unavailable', `The log: ${error.message}`)
  if (error.message.startsWith('OOM ')) return new YeoulError('log_full')
  // It cannot write its append-only file.
  if (error.message.startsWith('MISCONF ')) return new YeoulError('storage_full', `The log: ${error.message}`)
  return error
}
