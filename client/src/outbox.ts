import type { SendAnswer } from '../../src/protocol/frames.ts'
import type { OutboxStorage, PendingMessage, Sending, SendOptions } from './api.ts'
import type { KeptConnection } from './connection.ts'
import { clientClosed, signedOut, YeoulError } from './errors.ts'
import { MessageIds } from './message-ids.ts'
import { StoredOutbox } from './outbox-storage.ts'
import { backoff, type Surroundings } from './platform.ts'

type Acknowledged = Pick<SendAnswer, 'seq' | 'n' | 'at' | 'duplicate'>

/** Messages that the storage still holds go out first; it is not waited for longer than this. */
const CLAIM_MS = 2_000

interface Entry {
  message: PendingMessage
  /** Whether it may have reached the server before: then it is sent as a repeat. */
  tried: boolean
  seq: number | null
  settle: { resolve(answer: Acknowledged): void; reject(error: YeoulError): void } | null
}

interface Queue {
  entries: Entry[]
  onTheWay: number
  /** Set after a retryable failure: nothing more is sent before it fires. */
  pause: unknown
  attempt: number
}

export interface OutboxHooks {
  changed(room: string): void
  /** Whether the event of an acknowledged message is still to come here. */
  awaits(room: string, seq: number): boolean
}

/**
 * Own messages until they are durable. One queue a room, sent in order. A message that may have reached the server is
 * sent again under its id and marked as a repeat (P3); a refusal that may pass stops the queue, and it goes on from there.
 */
export class Outbox {
  readonly #around: Surroundings
  readonly #connection: KeptConnection
  readonly #hooks: OutboxHooks
  readonly #stored: StoredOutbox
  readonly #ids: MessageIds
  readonly #queues = new Map<string, Queue>()
  #size = 0
  #owner: string | null = null
  /** Set while the storage is asked for what was left behind: nothing is sent before it. */
  #claiming: unknown = null

  constructor(
    around: Surroundings,
    connection: KeptConnection,
    storage: OutboxStorage | undefined,
    hooks: OutboxHooks,
  ) {
    this.#around = around
    this.#connection = connection
    this.#hooks = hooks
    this.#stored = new StoredOutbox(storage, around.onError)
    this.#ids = new MessageIds(around)
  }

  add(room: string, body: string, options: SendOptions = {}): Sending {
    if (this.#size >= this.#around.tuning.outboxMessages) {
      throw new YeoulError('outbox_full', 'Too many messages wait to be sent.', true)
    }
    const message: PendingMessage = {
      room,
      clientMessageId: this.#ids.next(),
      body,
      ...(options.replyTo === undefined ? {} : { replyTo: options.replyTo }),
      ...(options.fileIds === undefined ? {} : { fileIds: options.fileIds }),
      createdAt: this.#around.clock.now(),
      status: 'queued',
    }
    const entry: Entry = { message, tried: false, seq: null, settle: null }
    const queue = this.#queue(room)
    queue.entries.push(entry)
    this.#size++
    this.#stored.put(this.#owner, message)
    const sending = promise(entry)
    this.#hooks.changed(room)
    this.#pump(room, queue)
    return sending
  }

  pending(room: string): readonly PendingMessage[] {
    return this.#queues.get(room)?.entries.map((entry) => entry.message) ?? []
  }

  /** Messages of all rooms that the server has not acknowledged. */
  unsent(): number {
    let count = 0
    for (const { entries } of this.#queues.values()) {
      for (const { message } of entries) if (message.status !== 'acknowledged') count++
    }
    return count
  }

  /** Throws `discarded` when no such message failed. */
  retry(room: string, clientMessageId: string): Sending {
    const queue = this.#queues.get(room)
    const entry = queue?.entries.find((e) => e.message.clientMessageId === clientMessageId)
    if (queue === undefined || entry?.message.status !== 'failed') {
      throw new YeoulError('discarded', 'No such message failed.', false)
    }
    const sending = promise(entry)
    this.#mark(entry, 'queued')
    this.#stored.put(this.#owner, entry.message)
    this.#pump(room, queue)
    return sending
  }

  discard(room: string, clientMessageId: string): void {
    const entry = this.#find(room, clientMessageId)
    if (entry === undefined || entry.message.status === 'acknowledged') return
    this.#remove(entry)
    entry.settle?.reject(new YeoulError('discarded', 'The message was discarded.', false))
  }

  /** The event of an own message came, perhaps before its acknowledgement. */
  confirm(room: string, clientMessageId: string, answer: Omit<Acknowledged, 'duplicate'>): void {
    const entry = this.#find(room, clientMessageId)
    if (entry === undefined) return
    this.#remove(entry)
    entry.settle?.resolve({ ...answer, duplicate: false })
  }

  /** Everything up to `seq` is shown, or will not come: acknowledged messages up to it are pending no more. */
  settleUpTo(room: string, seq: number): void {
    for (const entry of [...(this.#queues.get(room)?.entries ?? [])]) {
      if (entry.seq !== null && entry.seq <= seq) this.#remove(entry)
    }
  }

  /** Whose messages these are: takes up what that user left behind in the storage. */
  own(user: string): void {
    if (this.#owner === user) return
    if (this.#owner !== null) this.#empty(signedOut())
    this.#owner = user
    for (const queue of this.#queues.values()) {
      for (const entry of queue.entries) this.#stored.put(user, entry.message)
    }
    this.#claim(user)
  }

  online(): void {
    for (const queue of this.#queues.values()) {
      this.#unpause(queue)
      queue.attempt = 0
    }
    this.#pumpAll()
  }

  offline(): void {
    for (const queue of this.#queues.values()) this.#unpause(queue)
  }

  /** The user signed out on purpose: nothing of theirs stays. */
  clear(): void {
    if (this.#owner !== null) this.#stored.erase(this.#owner)
    this.#empty(signedOut())
    this.#owner = null
  }

  close(): void {
    this.#empty(clientClosed())
    this.#stored.close()
  }

  #claim(user: string): void {
    const { clock } = this.#around
    const claimed = this.#stored.claim(user, (messages) => {
      if (this.#owner === user) this.#takeUp(messages)
    })
    if (claimed === null) return
    const timer = clock.setTimeout(() => this.#endClaim(timer), CLAIM_MS)
    this.#claiming = timer
    claimed.then(() => this.#endClaim(timer))
  }

  #endClaim(timer: unknown): void {
    this.#around.clock.clearTimeout(timer)
    if (this.#claiming !== timer) return
    this.#claiming = null
    this.#pumpAll()
  }

  /** In the order of writing, which is that of the ids: in front of what was written since. Beyond the bound they stay stored. */
  #takeUp(messages: PendingMessage[]): void {
    const inOrder = messages.toSorted((a, b) => (a.clientMessageId < b.clientMessageId ? -1 : 1))
    for (const message of inOrder) {
      const { room, clientMessageId } = message
      if (this.#size >= this.#around.tuning.outboxMessages) break
      if (this.#find(room, clientMessageId) !== undefined) continue
      const { entries } = this.#queue(room)
      const later = entries.findIndex(
        (entry) => entry.message.status === 'queued' && entry.message.clientMessageId > clientMessageId,
      )
      entries.splice(later < 0 ? entries.length : later, 0, { message, tried: true, seq: null, settle: null })
      this.#size++
      this.#hooks.changed(room)
    }
    if (this.#claiming === null) this.#pumpAll()
  }

  #pumpAll(): void {
    for (const [room, queue] of this.#queues) this.#pump(room, queue)
  }

  #empty(error: YeoulError): void {
    this.#around.clock.clearTimeout(this.#claiming)
    this.#claiming = null
    const queues = [...this.#queues]
    this.#queues.clear()
    this.#size = 0
    for (const [room, queue] of queues) {
      this.#unpause(queue)
      // Emptied, so that an answer that still comes finds nothing to do.
      for (const entry of queue.entries.splice(0)) entry.settle?.reject(error)
      this.#hooks.changed(room)
    }
  }

  #queue(room: string): Queue {
    let queue = this.#queues.get(room)
    if (queue === undefined) {
      queue = { entries: [], onTheWay: 0, pause: null, attempt: 0 }
      this.#queues.set(room, queue)
    }
    return queue
  }

  #pump(room: string, queue: Queue): void {
    const { state } = this.#connection
    if (state.state !== 'online' || queue.pause !== null || this.#claiming !== null) return
    for (const entry of queue.entries) {
      if (queue.onTheWay >= this.#around.tuning.sendWindow) return
      if (entry.message.status !== 'queued') continue
      if (entry.message.body.length > state.limits.bodyLength) {
        this.#fail(entry, new YeoulError('body_too_long', 'The message is too long.', false))
      } else this.#send(room, queue, entry)
    }
  }

  #send(room: string, queue: Queue, entry: Entry): void {
    const { clientMessageId, body, replyTo, fileIds } = entry.message
    this.#mark(entry, 'sending')
    queue.onTheWay++
    const retry = entry.tried ? { retry: true } : {}
    entry.tried = true
    this.#connection.ask(
      { op: 'send', room, clientMessageId, body, ...(replyTo && { replyTo }), ...(fileIds && { fileIds }), ...retry },
      (answer, error) => {
        queue.onTheWay--
        // Discarded or confirmed meanwhile: only the turn of the next one is left to give.
        if (queue.entries.includes(entry)) {
          if (answer !== null) this.#acknowledge(queue, entry, answer)
          else if (error !== null) this.#refuse(room, queue, entry, error)
        }
        this.#pump(room, queue)
      },
    )
  }

  #acknowledge(queue: Queue, entry: Entry, answer: SendAnswer): void {
    queue.attempt = 0
    entry.seq = answer.seq
    const { seq, n, at, duplicate } = answer
    if (this.#hooks.awaits(entry.message.room, seq)) {
      this.#mark(entry, 'acknowledged')
      this.#stored.remove(this.#owner, entry.message.clientMessageId)
    } else this.#remove(entry)
    entry.settle?.resolve({ seq, n, at, duplicate })
    entry.settle = null
  }

  #refuse(room: string, queue: Queue, entry: Entry, error: YeoulError): void {
    if (!error.retryable && !isAboutConnection(error)) {
      this.#fail(entry, error)
      return
    }
    this.#mark(entry, 'queued')
    this.#unpause(queue)
    const { clock } = this.#around
    const wait = Math.max(error.retryAfterMs ?? 0, backoff(this.#around, queue.attempt++))
    const resume = () => {
      // With a wider window, later ones may be on the way still: the order is taken up when they are done.
      queue.pause = queue.onTheWay > 0 ? clock.setTimeout(resume, wait + 1) : null
      this.#pump(room, queue)
    }
    queue.pause = clock.setTimeout(resume, wait)
  }

  #fail(entry: Entry, error: YeoulError): void {
    this.#mark(entry, 'failed', error)
    this.#stored.put(this.#owner, entry.message)
    entry.settle?.reject(error)
    entry.settle = null
  }

  #mark(entry: Entry, status: PendingMessage['status'], error?: YeoulError): void {
    const { error: _, ...message } = entry.message
    entry.message = error === undefined ? { ...message, status } : { ...message, status, error }
    this.#hooks.changed(message.room)
  }

  #remove(entry: Entry): void {
    const { room, clientMessageId } = entry.message
    const queue = this.#queues.get(room)
    const i = queue?.entries.indexOf(entry) ?? -1
    if (queue === undefined || i < 0) return
    queue.entries.splice(i, 1)
    this.#size--
    this.#stored.remove(this.#owner, clientMessageId)
    this.#hooks.changed(room)
    if (queue.entries.length === 0 && queue.onTheWay === 0 && queue.pause === null) this.#queues.delete(room)
  }

  #find(room: string, clientMessageId: string): Entry | undefined {
    return this.#queues.get(room)?.entries.find((entry) => entry.message.clientMessageId === clientMessageId)
  }

  #unpause(queue: Queue): void {
    this.#around.clock.clearTimeout(queue.pause)
    queue.pause = null
  }
}

function promise(entry: Entry): Sending {
  const acknowledged = new Promise<Acknowledged>((resolve, reject) => {
    entry.settle = { resolve, reject }
  })
  acknowledged.catch(() => {})
  return { clientMessageId: entry.message.clientMessageId, acknowledged }
}

/** The connection was refused, not the message: it goes out on the next one. */
function isAboutConnection(error: YeoulError): boolean {
  switch (error.code) {
    case 'token_expired':
    case 'unauthenticated':
    case 'session_ended':
    case 'hello_required':
      return true
    default:
      return false
  }
}
