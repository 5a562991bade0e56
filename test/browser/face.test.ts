import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { type House, openHouse, until } from './visit.ts'

let house: House
before(async () => {
  house = await openHouse()
})
after(() => house.close())

interface Manifest {
  name: string
  start_url: string
  display: string
  icons: { src: string; sizes: string; type: string; purpose?: string }[]
}

test('the page can be installed: a manifest whose icons are there in the sizes that it names, and one for iPhones', async () => {
  const { page, context } = await house.open()
  await page.goto('/')
  const linked = await page.locator('link[rel=manifest]').getAttribute('href')
  const answer = await context.request.get(linked!)
  assert.equal(answer.headers()['content-type'], 'application/manifest+json')
  const manifest = (await answer.json()) as Manifest
  assert.equal(manifest.display, 'standalone')
  assert.ok(manifest.icons.some(({ purpose }) => purpose === 'maskable'))
  const apple = await page.locator('link[rel=apple-touch-icon]').getAttribute('href')
  for (const { src, sizes, type } of [...manifest.icons, { src: apple!, sizes: '180x180', type: 'image/png' }]) {
    const icon = await context.request.get(src)
    assert.equal(icon.status(), 200, src)
    assert.equal(icon.headers()['content-type'], type)
    if (sizes === 'any') continue
    // The size stands in the header of a PNG.
    const bytes = await icon.body()
    assert.equal(`${bytes.readUInt32BE(16)}x${bytes.readUInt32BE(20)}`, sizes, src)
  }
  await context.close()
})

test('title, description and the colour of the browser’s bars follow the language and the theme', async () => {
  const { page, context } = await house.open({ locale: 'ko-KR', colorScheme: 'dark' })
  await page.goto('/')
  await page.getByRole('heading', { name: '로그인' }).waitFor()
  const content = (name: string) => page.locator(`meta[name=${name}]`).getAttribute('content')
  await until(page, "document.title.includes('여울')")
  assert.match((await content('description')) ?? '', /내 서버/)
  const dark = await content('theme-color')
  assert.equal(
    dark,
    String(await page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--paper')")),
  )
  await page.getByRole('button', { name: '밝게' }).click()
  await page.getByRole('button', { name: 'English' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  assert.notEqual(await content('theme-color'), dark)
  assert.match((await content('description')) ?? '', /server of your own/)
  await context.close()
})

test('an address that leads nowhere says so, with the way back', async () => {
  const lena = await house.visit('lena', 'Lena')
  for (const address of ['/no/such/place', '/#/nowhere']) {
    const answer = await lena.page.goto(address)
    if (answer !== null && !address.includes('#')) assert.equal(answer.status(), 404)
    await lena.page.getByText('There is nothing here').waitFor()
    await lena.page.getByRole('link', { name: 'To the rooms' }).click()
    await lena.page.getByText('No rooms yet').waitFor()
    assert.equal(new URL(lena.page.url()).pathname, '/')
  }
  await lena.page.goto('/#/r/%E0%A4%A')
  await lena.page.getByText('This room is not here').waitFor()
  await lena.context.close()
})

test('without JavaScript the page says what it needs, in both languages', async () => {
  const { page, context } = await house.open({ javaScriptEnabled: false })
  await page.goto('/')
  const shown = await page.locator('body').innerText()
  assert.match(shown, /Yeoul needs JavaScript/)
  assert.match(shown, /자바스크립트가 필요합니다/)
  await context.close()
})

/** Counts what a page loads, in bytes on the wire. */
function bytesOf(page: Page): () => Promise<number> {
  const sizes: Promise<number>[] = []
  page.on('requestfinished', (request) => sizes.push(request.sizes().then((size) => size.responseBodySize)))
  return async () => (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

test('the first load is under 200 KB on the wire, the chat with its rooms included', async () => {
  const mira = await house.visit('mira', 'Mira')
  const { page } = await house.open()
  await page.context().addCookies(await mira.context.cookies())
  const bytes = bytesOf(page)
  await page.goto('/', { waitUntil: 'networkidle' })
  await page.getByText('No rooms yet').waitFor()
  const loaded = await bytes()
  assert.ok(loaded > 100_000 && loaded < 200_000, `${loaded} bytes`)
  await page.context().close()
  await mira.context.close()
})

test('signing in needs no chat: the door stands after less than 140 KB, also when nothing else comes', async () => {
  const { page, context } = await house.open()
  const named = [...(await (await context.request.get('/')).text()).matchAll(/"(\/assets\/[^"]+)"/g)].map(
    ([, path]) => path,
  )
  const needed = (url: string) => named.includes(new URL(url).pathname)
  await context.route('**/assets/*', (route) => (needed(route.request().url()) ? route.continue() : route.abort()))
  const bytes = bytesOf(page)
  await page.goto('/', { waitUntil: 'networkidle' })
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  const loaded = await bytes()
  assert.ok(loaded > 50_000 && loaded < 140_000, `${loaded} bytes`)
  await context.close()
})

test('a part of the page that cannot be fetched says so in its place and comes when it is asked for again; offline it waits for the network', async () => {
  const { page, context } = await house.visit('lou', 'Lou')
  await context.route('**/assets/settings-pages*', (route) => route.abort())
  await page.getByRole('button', { name: 'Account and settings' }).click()
  await page.getByRole('menuitem', { name: 'Settings' }).click()
  await page.getByText('That did not load.').waitFor()
  await page.getByRole('button', { name: 'Find rooms' }).first().waitFor()
  await context.unroute('**/assets/settings-pages*')
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByRole('link', { name: 'Appearance' }).waitFor()

  await context.setOffline(true)
  await page.keyboard.press('Control+/')
  await context.setOffline(false)
  await page.getByRole('dialog').getByText('Keyboard shortcuts').waitFor()
  await context.close()
})
