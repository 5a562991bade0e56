import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { eventually } from '../support/witnesses.ts'
import { enter, type House, makeRoom, openHouse, register, say, type Visit } from './visit.ts'

let house: House
let reader: Visit
let writer: Pick<Visit, 'call' | 'id'>
before(async () => {
  house = await openHouse()
  writer = await register(house.server, 'writer', '글쓴이')
})
after(() => house.close())

const top = (page: Page, seq: number) =>
  page
    .locator(`article[data-seq="${seq}"]`)
    .evaluate((row: { getBoundingClientRect(): { top: number } }) => Math.round(row.getBoundingClientRect().top))

/** Where a row is once it has stood still for some frames. */
async function restingTop(page: Page, seq: number): Promise<number> {
  for (let still = 0, last = Number.NaN; ; last = await top(page, seq)) {
    still = (await top(page, seq)) === last ? still + 1 : 0
    if (still === 4) return last
    await page.waitForTimeout(80)
  }
}

test('an older page that loads above leaves every row where it is, and only rows on the screen are in the document', async () => {
  reader = await house.visit('reader', '읽는이')
  const room = await makeRoom('Long room', writer, reader)
  for (let i = 1; i <= 300; i++) await say(writer, room, `line ${i} ${'flows on and on '.repeat((i * 7) % 23)}`)
  const { page } = reader
  await page.getByText('300 unread messages').waitFor({ state: 'attached' })
  await enter(page, 'Long room')
  await page.getByRole('button', { name: 'To the first of 300 unread' }).waitFor()
  await page.getByRole('log').getByText('line 300').waitFor()

  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  let asked = 0
  await page.route('**/messages?*', async (route) => {
    asked++
    await held
    await route.continue()
  })
  await page.getByRole('log').hover()
  while (asked === 0) {
    await page.mouse.wheel(0, -300)
    await page.waitForTimeout(60)
  }
  await page.getByText('Loading earlier messages').waitFor({ state: 'attached' })
  const seq = Number(await page.locator('article[data-seq]').nth(4).getAttribute('data-seq'))
  const before = await restingTop(page, seq)
  release()
  await page.waitForResponse('**/messages?*')
  await page.getByText('Loading earlier messages').waitFor({ state: 'detached' })
  const after = await restingTop(page, seq)
  assert.ok(Math.abs(after - before) <= 1, `row ${seq} moved from ${before} to ${after}`)
  assert.ok((await page.locator('article').count()) < 60)
})

test('what arrives while one reads further up is counted, and does not move what one reads', async () => {
  const { page } = reader
  const room = new URL(page.url()).hash.split('/')[2]!
  const seq = Number(await page.locator('article[data-seq]').nth(4).getAttribute('data-seq'))
  const before = await top(page, seq)
  for (let i = 1; i <= 3; i++) await say(writer, room, `fresh ${i}`)
  await page.getByRole('button', { name: '3 new messages' }).waitFor()
  assert.equal(await top(page, seq), before)
  await page.getByRole('button', { name: '3 new messages' }).click()
  await page.getByRole('log').getByText('fresh 3').waitFor()
  await page.getByRole('button', { name: /new message/ }).waitFor({ state: 'detached' })
})

test('[P2] a hot room shows its end all the while, with every message in its place', async () => {
  const { page } = reader
  const room = new URL(page.url()).hash.split('/')[2]!
  for (let second = 0; second < 3; second++) {
    const from = second * 200
    const batch = Array.from({ length: 200 }, (_, i) => say(writer, room, `hot ${from + i}`))
    await page.locator('#composer').pressSequentially('still typing ')
    await Promise.all(batch)
  }
  assert.equal(await page.locator('#composer').inputValue(), 'still typing '.repeat(3))
  await page.locator('#composer').fill('')
  const last = await say(writer, room, 'the last one')
  const row = page.locator(`article[data-seq="${last}"]`)
  await row.waitFor()
  const [box, log] = [await row.boundingBox(), await page.getByRole('log').boundingBox()]
  assert.ok(box !== null && log !== null && box.y + box.height <= log.y + log.height + 1, 'the end is in sight')
  const seqs = await page
    .locator('article[data-seq]')
    .evaluateAll((all: { getAttribute(name: string): string | null }[]) =>
      all.map((row) => Number(row.getAttribute('data-seq'))),
    )
  assert.ok(seqs.length < 60, `${seqs.length} rows are in the document`)
  assert.deepEqual(
    seqs,
    seqs.map((_, i) => last - seqs.length + 1 + i),
  )
})

test('a click on a quote goes to the message it answers, however far back', async () => {
  const { page } = reader
  const room = new URL(page.url()).hash.split('/')[2]!
  await say(writer, room, 'about the beginning', 3)
  await page.locator('article', { hasText: 'about the beginning' }).getByRole('button', { name: /line/ }).click()
  await page.locator('article[data-seq="3"].flash').waitFor()
  const box = await page.locator('article[data-seq="3"]').boundingBox()
  assert.ok(box !== null && box.y > 64 && box.y < 700, `row 3 is at ${box?.y}`)
})

test('a link to a message opens the room at it', async () => {
  const { page } = reader
  const link = page.url().replace(/(#\/r\/[^/]+).*/, '$1/150')
  await page.goto('/#/')
  await page.goto(link)
  await page.locator('article[data-seq="150"]').waitFor()
  const box = await page.locator('article[data-seq="150"]').boundingBox()
  assert.ok(box !== null && box.y > 64 && box.y < 700)
})

test('a room opens at the line over the first unread message', async () => {
  const { page } = reader
  const room = new URL(page.url()).hash.split('/')[2]!
  await page.getByRole('button', { name: 'To the latest' }).click()
  await page.getByRole('log').getByText('about the beginning').waitFor()
  const unread = async () => {
    const { items } = await reader.call<{ items: { room: { id: string }; unread: number }[] }>('GET', '/me/rooms')
    return items.find((item) => item.room.id === room)?.unread
  }
  await eventually(
    async () => (await unread()) === 0,
    () => 'it is not read',
  )
  await page.goto('/#/')
  for (let i = 1; i <= 25; i++) await say(writer, room, `unseen ${i} ${'and more '.repeat(12)}`)
  await page.getByText('25 unread messages').waitFor({ state: 'attached' })
  await enter(page, 'Long room')
  await page.locator('[data-unread-line]').waitFor()
  await page.locator('article', { hasText: 'unseen 1 and' }).waitFor()
  await page.getByRole('button', { name: /25 new messages|To the latest|new message/ }).click()
  await page.getByRole('log').getByText('unseen 25').waitFor()
  await page.getByText('25 unread messages').waitFor({ state: 'detached' })
})
