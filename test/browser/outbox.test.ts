import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { eventually } from '../support/witnesses.ts'
import { type CutProxy, startCutProxy } from './cut-proxy.ts'
import { enter, type House, makeRoom, openHouse, PASSWORD, register, type Visit, write } from './visit.ts'

let house: House
let proxy: CutProxy
before(async () => {
  house = await openHouse()
  proxy = await startCutProxy(house.server.url)
})
after(async () => {
  await proxy.close()
  await house.close()
})

/** The bodies of a room as the server has them. */
async function stored(who: Pick<Visit, 'call'>, room: string): Promise<string[]> {
  const page = await who.call<{ items: { body: string }[] }>('GET', `/rooms/${room}/messages?limit=100`)
  return page.items.map(({ body }) => body)
}

/** What waits in the page's own database. */
const waiting = (page: Page) =>
  page.evaluate(`new Promise((resolve) => {
    const open = indexedDB.open('yeoul.outbox')
    open.onsuccess = () => {
      const all = open.result.transaction('messages').objectStore('messages').getAll()
      all.onsuccess = () => (open.result.close(), resolve(all.result.map((row) => row.body)))
    }
  })`) as Promise<string[]>

/** From now on what is sent in this page gets lost on its way, or is answered with a refusal, until it is told to pass. */
async function hindered(page: Page, how: 'lost' | 'refused'): Promise<() => void> {
  let passes = false
  await page.routeWebSocket('**/ws', (near) => {
    const far = near.connectToServer()
    near.onMessage((frame) => {
      const commands = [JSON.parse(String(frame))].flat() as { id: number; op: string }[]
      const sends = commands.filter(({ op }) => op === 'send' && !passes)
      const others = commands.filter((command) => !sends.includes(command))
      if (others.length > 0) far.send(JSON.stringify(others))
      if (how === 'lost') return
      for (const { id } of sends) {
        near.send(JSON.stringify({ re: id, err: { code: 'forbidden', message: 'no', retryable: false } }))
      }
    })
  })
  return () => {
    passes = true
  }
}

const arrived = (page: Page, text: string) => page.locator('article[data-seq]', { hasText: text })

test('what was written without a connection survives a reload, and goes out once and in order', async () => {
  const ana = await house.visit('ana', 'Ana', { url: proxy.url })
  const bo = await house.visit('bo', 'Bo')
  const room = await makeRoom('Reload', ana, bo)
  await enter(ana.page, 'Reload')
  proxy.cut()
  const bodies = ['first', 'second', 'third']
  for (const body of bodies) await write(ana.page, body)
  await ana.page.getByText('Goes out when you are connected again.').first().waitFor()
  assert.deepEqual(await waiting(ana.page), bodies)

  await ana.page.reload().catch(() => {}) // Nobody answers.
  await ana.page.waitForURL(/^chrome-error:/)
  assert.deepEqual(await stored(bo, room), [])
  proxy.heal()
  await ana.page.goto('/')
  await enter(ana.page, 'Reload')
  await arrived(ana.page, 'third').waitFor()
  assert.deepEqual(await stored(bo, room), bodies)
  assert.deepEqual(await ana.page.locator('article p').allTextContents(), bodies)
  await eventually(
    async () => (await waiting(ana.page)).length === 0,
    () => 'what arrived waits still',
  )
  for (const { context } of [ana, bo]) await context.close()
})

test('a reload in the moment after Enter loses nothing, however often', async () => {
  const TIMES = Number(process.env.RELOADS ?? 8)
  const cho = await house.visit('cho', 'Cho')
  const room = await makeRoom('Hasty', cho)
  await enter(cho.page, 'Hasty')
  const pass = await hindered(cho.page, 'lost')
  await cho.page.reload()
  const bodies = Array.from({ length: TIMES }, (_, i) => `hasty ${i + 1}`)
  for (const body of bodies) {
    await cho.page.locator('[role=log][data-state=live]').waitFor()
    await cho.page.locator('#composer').fill(body)
    // In one task: the page has no time for anything in between.
    await Promise.all([
      cho.page.waitForEvent('load'),
      cho.page.evaluate(`
        document.getElementById('composer').dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))
        location.reload()
      `),
    ])
  }
  pass()
  await cho.page.reload()
  await arrived(cho.page, `hasty ${TIMES}`).last().waitFor()
  assert.deepEqual(await stored(cho, room), bodies)
  await cho.context.close()
})

test('a tab that crashes leaves what was not sent to the next one', async () => {
  const dae = await house.visit('dae', '대호', { url: proxy.url })
  const room = await makeRoom('Crash', dae)
  await enter(dae.page, 'Crash')
  proxy.cut()
  await write(dae.page, 'before the crash')
  await dae.page.getByText('Goes out when you are connected again.').waitFor()
  const crashed = dae.page.waitForEvent('crash')
  await dae.page.goto('chrome://crash').catch(() => {})
  await crashed
  proxy.heal()
  const next = await dae.context.newPage()
  await next.goto('/')
  await enter(next, 'Crash')
  await arrived(next, 'before the crash').waitFor()
  assert.deepEqual(await stored(dae, room), ['before the crash'])
  await dae.context.close()
})

test('a refused message is still there after a reload, with the reason, and can be sent again', async () => {
  const eun = await house.visit('eun', 'Eun')
  const room = await makeRoom('Refused', eun)
  const pass = await hindered(eun.page, 'refused')
  await eun.page.reload()
  await enter(eun.page, 'Refused')
  await write(eun.page, 'not yet')
  const failed = eun.page.locator('article[data-status=failed]', { hasText: 'not yet' })
  await failed.waitFor()
  await eun.page.reload()
  await failed.getByText('You may not do that here.').waitFor()
  pass()
  await failed.getByRole('button', { name: 'Send again' }).click()
  await arrived(eun.page, 'not yet').waitFor()
  assert.deepEqual(await stored(eun, room), ['not yet'])
  await eun.context.close()
})

test('a tab leaves alone what another one has yet to send, and takes it over when that one is closed', async () => {
  const fay = await house.visit('fay', 'Fay')
  const room = await makeRoom('Tabs', fay)
  // Opened before, so that it has to hear of the other one.
  const second = fay.page
  await enter(second, 'Tabs')
  const first = await fay.context.newPage()
  await hindered(first, 'lost')
  await first.goto('/')
  await enter(first, 'Tabs')
  await write(first, 'from the first tab')
  await first.locator('article[data-status]', { hasText: 'from the first tab' }).waitFor()
  await write(second, 'from the second tab')
  await arrived(first, 'from the second tab').waitFor()
  // A third one finds both living, and takes nothing either.
  const third = await fay.context.newPage()
  await third.goto('/')
  await enter(third, 'Tabs')
  await arrived(third, 'from the second tab').waitFor()
  assert.deepEqual(await stored(fay, room), ['from the second tab'])
  for (const page of [second, third]) assert.equal(await page.getByText('from the first tab').count(), 0)

  await first.close()
  for (const page of [second, third]) await arrived(page, 'from the first tab').waitFor()
  assert.deepEqual(await stored(fay, room), ['from the second tab', 'from the first tab'])
  assert.equal(await second.locator('article', { hasText: 'from the first tab' }).count(), 1)
  await fay.context.close()
})

test('who signs in next at the same browser neither sees nor sends what another one left', async () => {
  const gil = await house.visit('gil', '길', { url: proxy.url })
  const room = await makeRoom('Shared computer', gil)
  await enter(gil.page, 'Shared computer')
  proxy.cut()
  await write(gil.page, 'only mine')
  await gil.page.getByText('Goes out when you are connected again.').waitFor()
  // The login ends without signing out.
  await gil.page.goto('about:blank')
  await gil.context.clearCookies()
  proxy.heal()
  const hue = await register(house.server, 'hue', 'Hue')
  await hue.call('POST', `/rooms/${room}/join`)
  const sign = (username: string) =>
    gil.context.request.post('/api/v1/auth/login', { data: { username, password: PASSWORD, session: 'cookie' } })
  assert.equal((await sign('hue')).status(), 200)
  await gil.page.goto('/')
  await enter(gil.page, 'Shared computer')
  await write(gil.page, 'from hue')
  await arrived(gil.page, 'from hue').waitFor()
  assert.equal(await gil.page.getByText('only mine').count(), 0)

  await gil.page.goto('about:blank')
  assert.equal((await sign('gil')).status(), 200)
  await gil.page.goto('/')
  await enter(gil.page, 'Shared computer')
  await arrived(gil.page, 'only mine').waitFor()
  assert.deepEqual(await stored(gil, room), ['from hue', 'only mine'])
  await gil.context.close()
})

test('what an older version left in Web Storage goes out, beside what is damaged there, and its place is empty', async () => {
  const ira = await house.visit('ira', 'Ira')
  const room = await makeRoom('Moved', ira)
  const clientMessageId = '01900000-0000-7000-8000-000000000001'
  const left = { room, clientMessageId, body: 'from before', createdAt: Date.now(), status: 'queued' }
  const keep = (name: string, text: string) =>
    ira.page.evaluate(`localStorage.setItem('yeoul.outbox.${ira.id}.${name}', '${text}')`)
  await keep(clientMessageId, JSON.stringify(left))
  for (const [i, damaged] of ['{"room":', 'null', '{"body":1}'].entries()) await keep(`0${i}`, damaged)
  await ira.page.reload()
  await enter(ira.page, 'Moved')
  await arrived(ira.page, 'from before').waitFor()
  assert.deepEqual(await stored(ira, room), ['from before'])
  assert.ok(!String(await ira.page.evaluate('Object.keys(localStorage).join()')).includes('yeoul.outbox'))
  await ira.context.close()
})

test('a browser that keeps nothing sends all the same', async () => {
  for (const [i, forbid] of [
    `Object.defineProperty(window, 'indexedDB', { value: undefined })`,
    `IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError') }`,
    `Object.defineProperty(navigator, 'locks', { value: undefined })`,
  ].entries()) {
    const jin = await house.visit(`jin${i}`, 'Jin')
    await makeRoom(`Private ${i}`, jin)
    const errors: string[] = []
    jin.page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
    await jin.page.addInitScript(forbid)
    await jin.page.reload()
    await enter(jin.page, `Private ${i}`)
    await write(jin.page, 'hello')
    await arrived(jin.page, 'hello').waitFor()
    assert.deepEqual(errors, [])
    await jin.context.close()
  }
})
