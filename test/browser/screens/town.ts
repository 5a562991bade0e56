import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { withStore } from '../../../src/cli/data.ts'
import { DEMO_PEOPLE } from '../../../src/cli/demo-content.ts'
import { DemoClock, writeDemo } from '../../../src/cli/seed-demo.ts'
import { configWith } from '../../../src/config.ts'
import { buildIfStale } from '../../../web/build-if-stale.ts'
import { startTestServer, type TestServer } from '../../support/server.ts'
import { launchChromium } from '../chromium.ts'
import { PASSWORD } from '../visit.ts'

export type Language = 'ko' | 'en'
export type Theme = 'light' | 'dark'
export type Device = 'desktop' | 'phone'

/** Whose eyes a screen is seen through. */
export type Viewer = 'nobody' | 'member' | 'newcomer' | 'admin' | 'founder'

/** How somebody looks at the page. */
export interface Look {
  language: Language
  theme: Theme
  device: Device
}

/**
 * A server where people have talked for days, and an empty one that has just been set up: what screens are taken of and looked
 * into. The people, the rooms and their ids are the same each time.
 */
export interface Town {
  /** Ids of the demo's rooms, in their order. */
  rooms: readonly string[]
  server: TestServer
  browser: Browser
  /** A tab at a place of the page's (`#/…`), as `viewer` has it. One at a time: the one before is gone with it. */
  tab(viewer: Viewer, look: Look, place: string, own?: OwnProfile): Promise<Page>
  close(): Promise<void>
}

/** A browser profile for one look alone: what is written in it is nowhere else. */
export interface OwnProfile {
  /** Gets the tab before it goes to its place. */
  prepare?(page: Page): Promise<void>
}

export interface TownOptions {
  /** What the clocks of the page and of this process show when the town opens, in ms since 1970; else the real time. */
  at?: number
  /** Pixels of a phone's screen for one of the page's. */
  phoneScale?: number
}

const ANDROID =
  'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36'
const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } }
const NEWCOMER = { username: 'garam', displayName: '윤가람' }
const FOUNDER = { username: 'jiwon', displayName: '한지원' }
/** Where nothing of the page runs. */
const NOWHERE = '/favicon.svg'
/** Which of the demo's people somebody is, by the language that they read. */
const MEMBERS = { ko: 0, en: 3 }
const ADMINS = { ko: 1, en: 4 }
/** Longer than any town stands, whatever its clocks show: a browser forgets a cookie by the real time. */
const LOGIN_MS = 20 * 365 * 86_400_000

export async function openTown({ at, phoneScale = 1 }: TownOptions = {}): Promise<Town> {
  await buildIfStale()
  const shift = at === undefined ? 0 : at - Date.now()
  shiftClock(shift)
  const dataDir = await mkdtemp(join(tmpdir(), 'yeoul-town-'))
  const rooms = await settle(dataDir, Date.now())
  const server = await startTestServer({ dataDir, refreshTokenMs: LOGIN_MS })
  const empty = await startTestServer({ refreshTokenMs: LOGIN_MS })
  await register(server, NEWCOMER)
  await register(empty, FOUNDER, new URL(empty.setupUrl ?? '').hash.replace('#setup=', ''))
  const browser = await launchChromium()
  const contexts = new Map<string, Promise<BrowserContext>>()
  let leave = async () => {}

  /** One profile for each viewer and look: signed in once. */
  function contextOf(viewer: Viewer, look: Look): Promise<BrowserContext> {
    const key = [viewer, look.language, look.theme, look.device].join()
    let made = contexts.get(key)
    if (made === undefined) {
      made = newContext(viewer, look)
      contexts.set(key, made)
    }
    return made
  }

  async function newContext(viewer: Viewer, look: Look): Promise<BrowserContext> {
    const phone = look.device === 'phone'
    const context = await browser.newContext({
      baseURL: viewer === 'founder' ? empty.url : server.url,
      locale: look.language === 'ko' ? 'ko-KR' : 'en-GB',
      timezoneId: 'Asia/Seoul',
      colorScheme: look.theme,
      viewport: SIZES[look.device],
      ...(phone && { hasTouch: true, isMobile: true, deviceScaleFactor: phoneScale, userAgent: ANDROID }),
    })
    context.setDefaultTimeout(45_000)
    await context.addInitScript(shiftClock, shift)
    const username = usernameOf(viewer, look.language)
    if (username !== null) await signIn(context, username)
    return context
  }

  return {
    rooms,
    server,
    browser,
    async tab(viewer, look, place, own) {
      await leave()
      const context = await (own ? newContext(viewer, look) : contextOf(viewer, look))
      // In the tab that the profile has already: a window and a renderer cost more than all that is looked at.
      const page = context.pages()[0] ?? (await context.newPage())
      leave = async () => {
        if (own) return context.close()
        await page.mouse.move(-1, -1)
        await page.goto(NOWHERE)
      }
      await own?.prepare?.(page)
      await page.goto(`/${place}`)
      return page
    },
    async close() {
      await browser.close()
      for (const each of [server, empty]) await each[Symbol.asyncDispose]()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

function usernameOf(viewer: Viewer, language: Language): string | null {
  if (viewer === 'nobody') return null
  if (viewer === 'newcomer') return NEWCOMER.username
  if (viewer === 'founder') return FOUNDER.username
  return DEMO_PEOPLE[(viewer === 'admin' ? ADMINS : MEMBERS)[language]]!.username
}

/** Writes the demo, with ids that are the same each time; answers the rooms' ids. */
async function settle(dataDir: string, at: number): Promise<string[]> {
  const ids: string[] = []
  const id = () => {
    ids.push(`01900000-0000-7000-8000-${((ids.length + 1) * 7_919).toString(16).padStart(12, '0')}`)
    return ids.at(-1) as string
  }
  const clock = new DemoClock(at)
  await withStore(
    configWith({ dataDir }),
    async (store) => {
      await writeDemo(store, clock, PASSWORD, id)
      for (const i of Object.values(ADMINS))
        await store.administration.changeUser(ids[i] as string, { role: 'admin' }, at)
    },
    clock.now,
  )
  return ids.slice(DEMO_PEOPLE.length)
}

async function register(server: TestServer, who: typeof NEWCOMER, setupToken?: string): Promise<void> {
  const answer = await fetch(`${server.url}/api/v1/auth/register`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ ...who, password: PASSWORD, setupToken }),
  })
  if (!answer.ok) throw new Error(`${who.username} cannot register: ${answer.status} ${await answer.text()}`)
}

/** From within the browser: it keeps the cookie as it would for a person. */
async function signIn(context: BrowserContext, username: string): Promise<void> {
  const page = await context.newPage()
  await page.goto(NOWHERE)
  const status = await page.evaluate(
    async ([username, password]) => {
      const answer = await fetch('/api/v1/auth/login', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ username, password, session: 'cookie' }),
      })
      return answer.status
    },
    [username, PASSWORD] as const,
  )
  if (status !== 200) throw new Error(`${username} cannot sign in: ${status}`)
}

/** Runs in a page, and in this process: the clock goes on from another time. */
function shiftClock(ms: number): void {
  if (ms === 0) return
  const Real = Date
  class Shifted extends Real {
    constructor(...given: [] | [number]) {
      if (given.length === 0) super(Real.now() + ms)
      else super(...given)
    }
    static override now(): number {
      return Real.now() + ms
    }
  }
  globalThis.Date = Shifted as DateConstructor
}
