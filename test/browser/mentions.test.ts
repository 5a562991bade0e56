import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { enter, type House, makeRoom, openHouse, register, say, until } from './visit.ts'

let house: House
before(async () => {
  house = await openHouse()
})
after(() => house.close())

const rowOf = (page: Page, title: string) => page.getByRole('link', { name: new RegExp(title) })

test('who is mentioned sees it beside the room, in the title and on the icon, in every tab, until it is read', async () => {
  const ari = await house.visit('ari', 'Ari')
  const bo = await register(house.server, 'bo', 'Bo')
  const room = await makeRoom('Ferry', ari, bo)
  await makeRoom('Elsewhere', ari, bo)
  await enter(ari.page, 'Elsewhere')
  await ari.context.addInitScript(`
    Navigator.prototype.setAppBadge = async (count) => { window.badge = count }
    Navigator.prototype.clearAppBadge = async () => { window.badge = 0 }
  `)
  const other = await ari.context.newPage()
  await other.goto('/')
  for (const body of ['first', 'hey @ari', 'again @ari']) await say(bo, room, body)
  for (const page of [ari.page, other]) {
    await rowOf(page, 'Ferry').getByText('2 mentions of you').waitFor({ state: 'attached' })
    await rowOf(page, 'Ferry').getByText('3 unread messages').waitFor({ state: 'attached' })
    await until(page, "document.title === '(3 @2) Yeoul'")
    assert.equal(await page.locator('link[rel=icon]').getAttribute('href'), '/favicon-unread.svg')
  }
  await until(other, 'badge === 3')
  // A reload finds them again: they are kept by the server.
  await other.reload()
  await rowOf(other, 'Ferry').getByText('2 mentions of you').waitFor({ state: 'attached' })
  await ari.page.bringToFront()
  await enter(ari.page, 'Ferry')
  for (const page of [ari.page, other]) {
    await rowOf(page, 'Ferry').getByText('mentions of you').waitFor({ state: 'detached' })
    await until(page, "document.title === 'Yeoul'")
    assert.equal(await page.locator('link[rel=icon]').getAttribute('href'), '/favicon.svg')
  }
  await until(other, 'badge === 0')
  await ari.context.close()
})

test('a muted room is quiet: no count in the title, but a mention still shows; other tabs hear of the level', async () => {
  const cho = await house.visit('cho', '초')
  const dan = await register(house.server, 'dan', 'Dan')
  const loud = await makeRoom('Loud place', cho, dan)
  await makeRoom('Calm place', cho, dan)
  await enter(cho.page, 'Calm place')
  const other = await cho.context.newPage()
  await other.goto('/')
  const row = rowOf(cho.page, 'Loud place')
  await row.click({ button: 'right' })
  await cho.page.getByRole('menuitemradio', { name: 'Mute' }).click()
  await cho.page.keyboard.press('Escape')
  for (const page of [cho.page, other])
    await rowOf(page, 'Loud place').getByText('Muted').waitFor({ state: 'attached' })
  for (const body of ['one', 'two']) await say(dan, loud, body)
  await row.getByText('2 unread messages').waitFor({ state: 'attached' })
  assert.equal(await cho.page.title(), 'Yeoul')
  await say(dan, loud, '@cho please')
  await row.getByText('1 mention of you').waitFor({ state: 'attached' })
  await until(cho.page, "document.title === '(@1) Yeoul'")

  // The row's own menu, by keyboard too, marks it as read.
  await row.focus()
  await cho.page.keyboard.press('Tab')
  assert.equal(await cho.page.evaluate('document.activeElement.ariaLabel'), 'Menu of Loud place')
  await cho.page.keyboard.press('Enter')
  await cho.page.getByRole('menuitem', { name: 'Mark as read' }).click()
  await rowOf(other, 'Loud place').getByText('unread').waitFor({ state: 'detached' })

  // From the room's menu, all of it again.
  await enter(cho.page, 'Loud place')
  await cho.page.getByRole('button', { name: 'Room menu' }).click()
  await cho.page.getByRole('menuitemradio', { name: 'All messages' }).click()
  await rowOf(other, 'Loud place').getByText('Muted').waitFor({ state: 'detached' })
  await cho.context.close()
})

test('mentions that were not seen yet are one press away, above and below, however far', async () => {
  const eda = await house.visit('eda', 'Eda')
  const fin = await register(house.server, 'fin', 'Fin')
  const room = await makeRoom('Long way', eda, fin)
  await say(fin, room, 'first call @eda')
  for (let i = 0; i < 150; i++) await say(fin, room, `filler ${i}`)
  await say(fin, room, 'second call @eda')
  let end = 0
  for (let i = 150; i < 230; i++) end = await say(fin, room, `filler ${i}`)
  const { page } = eda
  const row = rowOf(page, 'Long way')
  await row.getByText('2 mentions of you').waitFor({ state: 'attached' })
  // By a link to its end, past both.
  await page.goto(`/#/r/${room}/${end}`)
  await page.getByRole('button', { name: '2 mentions of you above' }).click()
  await page.locator('article', { hasText: 'second call' }).waitFor()
  await page.getByRole('button', { name: '1 mention of you above' }).click()
  await page.locator('article', { hasText: 'first call' }).waitFor()
  await page.getByRole('button', { name: /mentions? of you above/ }).waitFor({ state: 'detached' })
  // Who is far up hears of one that comes at the end.
  await say(fin, room, 'third call @eda')
  await page.getByRole('button', { name: '1 mention of you below' }).click()
  await page.locator('article', { hasText: 'third call' }).waitFor()
  await page.getByRole('button', { name: /mentions? of you/ }).waitFor({ state: 'detached' })
  await eda.context.close()
})

test('whoever is mentioned is shown by name, also who never wrote where one reads', async () => {
  const gus = await house.visit('gus', 'Gus')
  const hal = await register(house.server, 'hal', 'Hal the Silent')
  const room = await makeRoom('Called out', gus, hal)
  for (let i = 0; i < 70; i++) await say(gus, room, `filler ${i}`)
  await say(gus, room, 'where is @hal today?')
  await gus.page.goto(`/#/r/${room}`)
  await gus.page.getByRole('log').getByText('@Hal the Silent').waitFor()
  await gus.page.getByRole('link', { name: 'where is @Hal the Silent today?' }).waitFor()
  await gus.context.close()
})
