import type { Bus } from '../ports/bus.ts'
import type { SettingsLog } from '../ports/settings.ts'
import { YeoulError } from '../protocol/errors.ts'
import { PAGE_LIMIT } from '../protocol/limits.ts'
import type { Page } from '../protocol/model.ts'
import type { ConfigChange, ConfigValue } from '../protocol/model-admin.ts'
import { type Actor, authoriseAdmin } from './actor.ts'
import { Outage } from './outage.ts'

/** One option of the configuration, as this node started with it. */
export interface SettingOption {
  key: string
  /** The value that the node started with, and where that came from. */
  start: ConfigValue
  source: string
  /** Whether it may change while the server runs. */
  live: boolean
  /** The value of what an admin wrote. Throws `bad_request`, which says what it must be. */
  read(given: ConfigValue): ConfigValue
}

/** An option's value in force and where it came from; `run time` for one that an admin set. */
export interface Setting {
  key: string
  value: ConfigValue
  source: string
}

export interface SettingsInForce {
  /** How many changes were made so far. */
  version: number
  settings: Setting[]
}

/** What an admin asks for: by option its new value; null: back to the value that each node started with. */
export interface WantedChange {
  /** The version that the caller has seen; without one the change is made whatever came before it. */
  version?: number | undefined
  changes: Record<string, ConfigValue>
}

/** Changes read at a time. */
const PAGE = 200
/** How often a change is tried again that others were faster than. */
const TRIES = 10

/**
 * The configuration as it changes while the server runs. What admins set goes before what a node started with, on all
 * nodes: the one that takes a change tells the others, and each looks once a second at what it may not have been told.
 */
export class Settings {
  readonly #log: SettingsLog
  readonly #bus: Bus
  readonly #options: ReadonlyMap<string, SettingOption>
  readonly #changed: (values: ReadonlyMap<string, ConfigValue>, version: number) => void
  readonly #failed: (error: unknown) => void
  readonly #outage: Outage
  /** What was set at run time. */
  #set: ReadonlyMap<string, ConfigValue> = new Map()
  #version = 0
  /** The end of what is under way: one thing at a time, so that no late answer undoes a newer one. */
  #turn: Promise<unknown> = Promise.resolve()
  #asked = false
  #stopped = false
  #timer: NodeJS.Timeout | null = null

  constructor(parts: {
    log: SettingsLog
    bus: Bus
    options: SettingOption[]
    /** Told the values, by option, that are in force from here on: of those alone that became others. */
    changed: (values: ReadonlyMap<string, ConfigValue>, version: number) => void
    failed: (error: unknown) => void
  }) {
    this.#log = parts.log
    this.#bus = parts.bus
    this.#options = new Map(parts.options.map((option) => [option.key, option]))
    this.#changed = parts.changed
    this.#failed = parts.failed
    this.#outage = new Outage(parts.failed)
  }

  /** Puts what was set in force, and goes on looking every `pollMs`. Rejects when the settings cannot be read. */
  async start(pollMs: number): Promise<void> {
    await this.#inTurn(() => this.#load())
    this.#timer = setInterval(() => this.refresh(), pollMs)
    this.#timer.unref()
  }

  stop(): void {
    this.#stopped = true
    if (this.#timer !== null) clearInterval(this.#timer)
  }

  /** Looks whether something was changed. */
  refresh(): void {
    if (this.#asked || this.#stopped) return
    this.#asked = true
    void this.#inTurn(async () => {
      this.#asked = false
      try {
        await this.#load()
        this.#outage.over()
      } catch (error) {
        // One line for each time that the database is down, not one a second.
        if (!this.#stopped) this.#outage.met(error)
      }
    })
  }

  /** Every option with its value in force on this node. Rejects `forbidden` for all but admins. */
  inForce(actor: Actor): SettingsInForce {
    authoriseAdmin(actor)
    const settings = [...this.#options.values()].map(({ key, source }) => ({
      key,
      value: this.#valueOf(key),
      source: this.#set.has(key) ? 'run time' : source,
    }))
    return { version: this.#version, settings }
  }

  /**
   * Changes options for all nodes, all of them or none, and answers what is in force then. Changing nothing makes no
   * version. Rejects `forbidden`, `bad_request` for an unknown option, one that cannot change at run time and a bad value,
   * `config_changed` when there is a newer version than the one named.
   */
  async change(actor: Actor, wanted: WantedChange): Promise<SettingsInForce> {
    authoriseAdmin(actor)
    const values = new Map(Object.entries(wanted.changes).map(([key, given]) => [key, this.#read(key, given)]))
    await this.#inTurn(() => this.#change(actor, values, wanted.version))
    return this.inForce(actor)
  }

  /** Who changed what, the newest change first. Rejects `forbidden` for all but admins. */
  async history(actor: Actor, cursor: string | null, limit: number = PAGE_LIMIT.default): Promise<Page<ConfigChange>> {
    authoriseAdmin(actor)
    return this.#log.history(cursor, limit)
  }

  #read(key: string, given: ConfigValue): ConfigValue {
    const option = this.#options.get(key)
    if (option === undefined) throw new YeoulError('bad_request', `changes.${key}: there is no such option`)
    if (!option.live) throw new YeoulError('bad_request', `changes.${key}: cannot change while the server runs`)
    return given === null ? null : option.read(given)
  }

  async #change(actor: Actor, values: Map<string, ConfigValue>, expected: number | undefined): Promise<void> {
    for (let tries = 0; ; tries++) {
      await this.#load()
      if (expected !== undefined && expected !== this.#version) throw new YeoulError('config_changed')
      const news = [...values].filter(([key, to]) => !isSame(to, this.#set.get(key) ?? null))
      if (news.length === 0) return
      const changes = Object.fromEntries(news.map(([key, to]) => [key, { from: this.#valueOf(key), to }]))
      try {
        await this.#log.append(this.#version, { actor: actor.user, at: Date.now(), changes })
        break
      } catch (error) {
        const beaten = error instanceof YeoulError && error.code === 'config_changed'
        if (!beaten || expected !== undefined || tries === TRIES) throw error
      }
    }
    await this.#load()
    this.#bus.publishToUser(actor.user, { kind: 'settings_changed' })
  }

  /** Takes over what is kept when its version is another one: a newer one, or, from a copy put in place, an older one. */
  async #load(): Promise<void> {
    const version = await this.#log.version()
    if (version === this.#version) return
    const { set, version: read } = await readSettings(this.#log, this.#options, this.#failed)
    const before = this.#set
    const keys = [...new Set([...before.keys(), ...set.keys()])]
    const valuesBefore = keys.map((key) => this.#valueOf(key))
    this.#set = set
    this.#version = read
    const news = keys.filter((key, i) => !isSame(this.#valueOf(key), valuesBefore[i]))
    if (news.length > 0) this.#changed(new Map(news.map((key) => [key, this.#valueOf(key)])), read)
  }

  #valueOf(key: string): ConfigValue {
    return this.#set.get(key) ?? this.#options.get(key)?.start ?? null
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work, work)
    this.#turn = done.catch(() => {})
    return done
  }
}

/**
 * What all changes together have set, by option. Passes over what this version of the program does not take any more, and
 * tells `failed` of a value that it refuses.
 */
export async function readSettings(
  log: SettingsLog,
  options: ReadonlyMap<string, SettingOption>,
  failed: (error: unknown) => void,
): Promise<{ set: Map<string, ConfigValue>; version: number }> {
  const set = new Map<string, ConfigValue>()
  let version = 0
  for (let page = await log.after(0, PAGE); page.length > 0; page = await log.after(version, PAGE)) {
    for (const change of page) {
      version = change.version
      for (const [key, { to }] of Object.entries(change.changes)) {
        const option = options.get(key)
        if (option === undefined || !option.live) continue
        set.delete(key)
        if (to === null) continue
        try {
          set.set(key, option.read(to))
        } catch (error) {
          failed(error)
        }
      }
    }
  }
  return { set, version }
}

function isSame(a: ConfigValue | undefined, b: ConfigValue | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
