import type { OutboxStorage, StoredMessage } from './api.ts'

const DATABASE = 'yeoul.outbox'
const STORE = 'messages'
const LOCK = 'yeoul.outbox.'
/** Where versions before this one kept unsent messages, in Web Storage: one key each. */
const OLD_KEY = 'yeoul.outbox.'

/** A stored message, whose it is, and which page holds it. */
type Row = StoredMessage & { user: string; holder: string }

/**
 * Unsent messages in the browser's IndexedDB: they survive a reload, a closed tab and a crash of the browser. Every write is
 * committed explicitly, so that a page which goes away right after it loses nothing.
 *
 * Several tabs share it. A message belongs to the page that holds it, for as long as that page lives (it holds a Web Lock); the
 * others leave it alone, and one of them takes it over when the page is gone. Where there are no Web Locks (a page served
 * without TLS) the next page that is opened takes everything: the server stores a message once, however often it is sent (P3).
 *
 * Where there is no IndexedDB, or it may not be used, nothing is kept and nothing fails.
 */
export function indexedDbOutbox(): OutboxStorage {
  return new IndexedDbOutbox(globalThis as unknown as Host)
}

class IndexedDbOutbox implements OutboxStorage {
  readonly #host: Host
  readonly #holder = Array.from({ length: 4 }, () => Math.random().toString(36).slice(2, 8)).join('')
  readonly #closed = new AbortController()
  #database: Promise<Database | null> | null = null
  #locked: Promise<void> | null = null
  /** Who claims now: gone when another user does. */
  #claim = new AbortController()
  #channel: Channel | null = null

  constructor(host: Host) {
    this.#host = host
  }

  async claim(user: string, found: (messages: StoredMessage[]) => void): Promise<void> {
    this.#claim.abort()
    const claim = new AbortController()
    this.#claim = claim
    const take = async (holders: (holder: string) => boolean) => {
      if (claim.signal.aborted) return
      const rows = await this.#take(user, holders)
      if (rows.length > 0 && !claim.signal.aborted) found(rows.map(messageOf))
    }
    await this.#lock()
    await this.#adoptOld(user)
    const locks = this.#host.navigator?.locks
    if (locks === undefined) return take(() => true)
    const { held } = await locks.query()
    const living = new Set(held.map(({ name }) => name.replace(LOCK, '')))
    await take((holder) => !living.has(holder))

    // What a living page holds becomes free when it ends, which is when its lock is granted here.
    const awaited = new Set([this.#holder])
    const waitFor = (holder: string) => {
      if (awaited.has(holder) || claim.signal.aborted) return
      awaited.add(holder)
      // Aborted: another user signed in, or this page ends.
      locks.request(LOCK + holder, { signal: claim.signal }, () => take((each) => each === holder)).catch(() => {})
    }
    for (const { name } of held) if (name.startsWith(LOCK)) waitFor(name.slice(LOCK.length))
    this.#listen(waitFor)
  }

  put(user: string, message: StoredMessage): Promise<void> {
    void this.#lock()
    return this.#write((store) => store.put({ ...message, user, holder: this.#holder }))
  }

  remove(user: string, clientMessageId: string): Promise<void> {
    return this.#write((store) => store.delete([user, clientMessageId]))
  }

  async erase(user: string): Promise<void> {
    for (const key of this.#oldKeys(user)) this.#host.localStorage?.removeItem(key)
    await this.#write((store, range) => store.delete(range(user)))
  }

  close(): void {
    this.#closed.abort()
    this.#claim.abort()
    this.#channel?.close()
    void this.#database?.then((database) => database?.close())
  }

  // The database

  /** Opened once, and again after the browser closed it. null: there is none for us. */
  #open(): Promise<Database | null> {
    this.#database ??= new Promise((resolve) => {
      try {
        const request = this.#host.indexedDB!.open(DATABASE, 1)
        request.onupgradeneeded = () => {
          request.result.createObjectStore(STORE, { keyPath: ['user', 'clientMessageId'] })
        }
        request.onsuccess = () => {
          const database = request.result
          // A later version of the page wants to change it: this one makes way.
          database.onversionchange = () => database.close()
          database.onclose = () => {
            this.#database = null
          }
          resolve(database)
        }
        request.onerror = () => resolve(null)
        request.onblocked = () => resolve(null)
      } catch {
        resolve(null)
      }
    })
    return this.#database
  }

  async #write(work: (store: Store, range: (user: string) => unknown) => void): Promise<void> {
    const database = await this.#open()
    if (database === null) return
    await done(database, 'readwrite', (store, transaction) => {
      work(store, (user) => this.#range(user))
      // Otherwise the commit would wait for this page to come back to it, and it may be gone by then.
      transaction.commit()
    })
  }

  /** Makes all rows of the pages that are meant one's own, in one transaction: no two pages get the same row. */
  async #take(user: string, isMeant: (holder: string) => boolean): Promise<Row[]> {
    const database = await this.#open()
    const taken: Row[] = []
    if (database === null) return taken
    await done(database, 'readwrite', (store) => {
      const all = store.getAll(this.#range(user))
      all.onsuccess = () => {
        for (const row of all.result as Row[]) {
          if (row.holder === this.#holder || !isMeant(row.holder)) continue
          taken.push(row)
          store.put({ ...row, holder: this.#holder })
        }
      }
    })
    return taken
  }

  /** All keys that begin with the user: an array is greater than every string. */
  #range(user: string): unknown {
    return this.#host.IDBKeyRange!.bound([user], [user, []])
  }

  // Who holds what

  /** Says that this page lives, until it ends. */
  #lock(): Promise<void> {
    this.#locked ??= new Promise((locked) => {
      const { locks } = this.#host.navigator ?? {}
      if (locks === undefined) return locked()
      const ended = new Promise<void>((resolve) => this.#closed.signal.addEventListener('abort', () => resolve()))
      const held = () => {
        locked()
        return ended
      }
      locks.request(LOCK + this.#holder, {}, held).catch(() => locked())
    })
    return this.#locked
  }

  /** Pages tell one another that they are there; those that came later are waited for too. */
  #listen(waitFor: (holder: string) => void): void {
    const { BroadcastChannel } = this.#host
    if (BroadcastChannel === undefined || this.#closed.signal.aborted) return
    this.#channel?.close()
    this.#channel = new BroadcastChannel(DATABASE)
    this.#channel.onmessage = ({ data }) => waitFor(String(data))
    this.#channel.postMessage(this.#holder)
  }

  // What older versions left

  async #adoptOld(user: string): Promise<void> {
    for (const key of this.#oldKeys(user)) {
      const text = this.#host.localStorage!.getItem(key)
      if (text === null || (await this.#open()) === null) continue
      const message = oldMessageOf(text)
      if (message !== null) await this.#write((store) => store.put({ ...message, user, holder: '' }))
      this.#host.localStorage!.removeItem(key)
    }
  }

  #oldKeys(user: string): string[] {
    try {
      const { localStorage } = this.#host
      return Object.keys(localStorage ?? {}).filter((key) => key.startsWith(`${OLD_KEY}${user}.`))
    } catch {
      // The browser forbids storage altogether.
      return []
    }
  }
}

/** null when it is damaged: nobody can send it any more, and it must not keep the others from being sent. */
function oldMessageOf(text: string): StoredMessage | null {
  try {
    const { status: _, ...message } = JSON.parse(text)
    return [message.room, message.clientMessageId, message.body].every((part) => typeof part === 'string')
      ? message
      : null
  } catch {
    return null
  }
}

function messageOf({ user: _, holder: __, ...message }: Row): StoredMessage {
  return message
}

/** Resolves when the transaction is committed. */
function done(
  database: Database,
  mode: 'readwrite',
  work: (store: Store, transaction: Transaction) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, mode)
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error ?? new Error('The outbox was not stored'))
    work(transaction.objectStore(STORE), transaction)
  })
}

// The parts of the browser that are used: the SDK is also compiled where the browser's types are not known.

interface Host {
  indexedDB?: {
    open(name: string, version: number): Request<Database> & Record<'onupgradeneeded' | 'onblocked', unknown>
  }
  IDBKeyRange?: { bound(lower: unknown, upper: unknown): unknown }
  localStorage?: { getItem(key: string): string | null; removeItem(key: string): void }
  navigator?: { locks?: Locks }
  BroadcastChannel?: new (name: string) => Channel
}
interface Locks {
  query(): Promise<{ held: { name: string }[] }>
  request(name: string, options: { signal?: AbortSignal }, granted: () => Promise<void>): Promise<void>
}
interface Channel {
  onmessage: ((event: { data: unknown }) => void) | null
  postMessage(data: unknown): void
  close(): void
}
interface Request<T> {
  result: T
  onsuccess: unknown
  onerror: unknown
}
interface Database {
  onversionchange: unknown
  onclose: unknown
  createObjectStore(name: string, options: { keyPath: string[] }): void
  transaction(store: string, mode: 'readwrite'): Transaction
  close(): void
}
interface Transaction {
  oncomplete: unknown
  onabort: unknown
  error: unknown
  objectStore(name: string): Store
  commit(): void
}
interface Store {
  put(row: Row): void
  delete(key: unknown): void
  getAll(range: unknown): Request<unknown>
}
