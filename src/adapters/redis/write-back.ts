import type { Fetched, LogEntry, LogSide } from '../../ports/write-back.ts'
import { YeoulError } from '../../protocol/errors.ts'
import type { EditEvent, Message, MessageEvent } from '../../protocol/model.ts'
import type { RedisArgument, RedisLink } from './connection.ts'
import { Library } from './library.ts'
import { RedisUnavailable } from './server.ts'

const FETCHED_HEAD = 4
const FETCHED_WIDTH = 7
/** Entries that one call forgets, and rooms that it empties: other calls wait meanwhile. */
const TRIM_AT_ONCE = 500
const ADOPT_AT_ONCE = 500
const AGAIN = 2

/** The Redis log as the write-back worker sees it; log.lua says what lies where. */
export class RedisLogSide implements LogSide {
  readonly #link: RedisLink
  readonly #library: Library
  readonly #windowMs: () => number
  readonly #idleMs: number

  /** `library` is the log's own; `windowMs` for how long repeats are known, `idleMs` after which unused rooms leave Redis. */
  constructor(options: { link: RedisLink; library?: Library; windowMs: () => number; idleMs?: number }) {
    this.#link = options.link
    this.#library = options.library ?? new Library('log', new URL('./log.lua', import.meta.url))
    this.#windowMs = options.windowMs
    this.#idleMs = options.idleMs ?? 60_000
  }

  async fetch(partition: number, after: string, limit: number): Promise<Fetched> {
    return readFetched((await this.#call('fetch', partition, [after, limit])) as (string | number)[])
  }

  async trim(partition: number, upTo: string): Promise<void> {
    while ((await this.#call('trim', partition, [upTo, TRIM_AT_ONCE])) === 1);
  }

  async tidy(partition: number): Promise<void> {
    await this.#call('tidy', partition, [this.#windowMs(), this.#idleMs])
  }

  async adopt(partition: number, epoch: number, instance: string): Promise<boolean> {
    for (;;) {
      const answer = await this.#call('adopt', partition, [epoch, instance, ADOPT_AT_ONCE])
      if (answer !== AGAIN) return answer === 1
    }
  }

  async #call(name: string, partition: number, args: RedisArgument[]): Promise<unknown> {
    try {
      return await this.#library.call(this.#link, name, [`yeoul:{${partition}}:log`], args)
    } catch (error) {
      if (error instanceof RedisUnavailable) throw new YeoulError('unavailable', `Redis: ${error.message}`)
      throw error
    }
  }
}

function readFetched(answer: (string | number)[]): Fetched {
  const [instance, owner, epoch, waiting] = answer as [string, string, string, number]
  const entries: LogEntry[] = []
  for (let at = FETCHED_HEAD; at < answer.length; at += FETCHED_WIDTH) {
    const [id, room, seq, n, kind, payload, changed] = answer.slice(at, at + FETCHED_WIDTH) as [
      id: string,
      room: string,
      seq: string,
      n: string,
      kind: string,
      payload: string,
      changed: string,
    ]
    const event = payload.slice(payload.indexOf(' ') + 1)
    entries.push({
      id,
      room,
      seq: Number(seq),
      n: Number(n),
      event: changed === '' ? event : shown(kind, event, changed),
    })
  }
  return { instance, owner: owner === '' ? null : owner, epoch: Number(epoch), entries, waiting }
}

/** What a message or an edit says now that its message has changed: the log keeps the text of a changed message once. */
function shown(kind: string, event: string, changed: string): string {
  const message = JSON.parse(changed) as Partial<Message>
  const text = { body: message.body ?? null, ...(message.mentions && { mentions: message.mentions }) }
  if (kind === 'e') return JSON.stringify({ ...(JSON.parse(event) as EditEvent), ...text })
  const { seq, at, n, sender, clientMessageId, replyTo, files } = message as Message
  const now: MessageEvent = { seq, type: 'message', at, actor: sender, n, clientMessageId, ...text }
  if (replyTo !== undefined) now.replyTo = replyTo
  if (files !== undefined) now.files = files
  return JSON.stringify(now)
}
