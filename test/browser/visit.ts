import assert from 'node:assert/strict'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import type { Config } from '../../src/config.ts'
import { buildIfStale } from '../../web/build-if-stale.ts'
import { PATIENCE_MS } from '../support/patience.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { launchChromium } from './chromium.ts'

export const PASSWORD = 'correct horse'

/** Somebody at the page: their tab, and the API as they may use it. */
export interface Visit {
  page: Page
  context: BrowserContext
  /** Calls the API as this person. */
  call<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<T>
  id: string
}

/** The real server and a real browser, for one test file. */
export interface House {
  server: TestServer
  browser: Browser
  /** A new tab in a browser profile of its own, at the door. */
  open(options?: BrowserContextOptions & { url?: string }): Promise<{ page: Page; context: BrowserContext }>
  /** The same with somebody signed in who has just been registered. */
  visit(username: string, displayName: string, options?: BrowserContextOptions & { url?: string }): Promise<Visit>
  close(): Promise<void>
}

export async function openHouse(changes: Partial<Config> = {}): Promise<House> {
  await buildIfStale()
  const server = await startTestServer(changes)
  const browser = await launchChromium().catch(async (error) => {
    await server[Symbol.asyncDispose]()
    throw error
  })

  const open: House['open'] = async ({ url = server.url, ...options } = {}) => {
    const context = await browser.newContext({
      locale: 'en-GB',
      timezoneId: 'Asia/Seoul',
      viewport: { width: 1200, height: 760 },
      baseURL: url,
      ...options,
    })
    context.setDefaultTimeout(45_000)
    const page = await context.newPage()
    page.on('pageerror', (error) => assert.fail(`the page threw: ${error.stack}`))
    return { page, context }
  }

  return {
    server,
    browser,
    open,
    async visit(username, displayName, options) {
      const { page, context } = await open(options)
      const account = await register(server, username, displayName)
      await signIn(context, username)
      await page.goto('/')
      await page
        .getByRole('navigation')
        .or(page.getByText(/No rooms yet|아직 대화방이/))
        .first()
        .waitFor()
      return { page, context, ...account }
    },
    async close() {
      await browser.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

/** The server's administrator at the page, made through its set-up link; once for each house. */
export async function visitAdmin(house: House, options?: BrowserContextOptions): Promise<Visit> {
  const setupToken = new URL(house.server.setupUrl!).hash.slice('#setup='.length)
  const account = await register(house.server, 'root', 'Root', setupToken)
  const { page, context } = await house.open(options)
  await signIn(context, 'root')
  await page.goto('/')
  await page.getByRole('button', { name: /Account and settings|계정과 설정/ }).waitFor()
  return { page, context, ...account }
}

/** Gives a browser profile the cookie of a login, as the page would get it. */
async function signIn(context: BrowserContext, username: string): Promise<void> {
  const data = { username, password: PASSWORD, session: 'cookie' }
  assert.equal((await context.request.post('/api/v1/auth/login', { data })).status(), 200)
}

/** An account made over HTTP, with the API as it may use it. */
export async function register(server: TestServer, username: string, displayName: string, setupToken?: string) {
  const account = { username, displayName, password: PASSWORD, ...(setupToken !== undefined && { setupToken }) }
  const made = await post(server, '/auth/register', account)
  const { user, accessToken } = made as { user: { id: string }; accessToken: string }
  return {
    id: user.id,
    async call<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<T> {
      const answer = await fetch(`${server.url}/api/v1${path}`, {
        method,
        headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${accessToken}` },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const text = await answer.text()
      assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`)
      return (text === '' ? null : JSON.parse(text)) as T
    },
  }
}

async function post(server: TestServer, path: string, body: unknown): Promise<unknown> {
  const answer = await fetch(`${server.url}/api/v1${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  assert.equal(answer.status, 201)
  return answer.json()
}

type Caller = Pick<Visit, 'call'>

/** An open room of `owner` that the others have joined. */
export async function makeRoom(title: string, owner: Caller, ...others: Caller[]): Promise<string> {
  const room = await owner.call<{ id: string }>('POST', '/rooms', { title })
  for (const other of others) await other.call('POST', `/rooms/${room.id}/join`)
  return room.id
}

let said = 0
/** Sends a message over HTTP; answers its seq. */
export async function say(who: Caller, room: string, body: string, replyTo?: number): Promise<number> {
  const message = { clientMessageId: `said-${++said}`, body, ...(replyTo !== undefined && { replyTo }) }
  return (await who.call<{ seq: number }>('POST', `/rooms/${room}/messages`, message)).seq
}

/** Opens a room from the list and waits until it is live. */
export async function enter(page: Page, title: string): Promise<void> {
  const name = new RegExp(title)
  await page.getByRole('link', { name }).click()
  // By its name: the room that was open before, live too, stays for a moment.
  await page.getByRole('log', { name }).and(page.locator('[data-state=live]')).waitFor()
}

/** Writes into the composer and sends with Enter. */
export async function write(page: Page, text: string): Promise<void> {
  await page.locator('#composer').fill(text)
  await page.locator('#composer').press('Enter')
}

/** The bodies of all messages in the document, in their order. */
export async function bodies(page: Page): Promise<string[]> {
  return page.locator('article p.whitespace-pre-wrap').allTextContents()
}

/** Waits until an expression is true in the page. By the debugger: the page itself may not evaluate text. */
export async function until(page: Page, expression: string): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; !(await page.evaluate(expression)); await page.waitForTimeout(50))
    assert.ok(Date.now() < end, `never true: ${expression}`)
}
