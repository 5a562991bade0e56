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
  await page.getByRole('button', { name: 'new messages' }).click()
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
  await eventually(
    async () => {
      await page.mouse.wheel(0, -300)
      await page.waitForTimeout(60)
      return asked > 0
    },
    () => 'no page is asked for',
  )
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

const unreadIn = async (who: Visit, room: string) => {
  const { items } = await who.call<{ items: { room: { id: string }; unread: number }[] }>('GET', '/me/rooms')
  return items.find((item) => item.room.id === room)?.unread
}

/** The seqs of the rows in the document, from top to bottom. */
const rows = (page: Page) =>
  page
    .locator('article[data-seq]')
    .evaluateAll((all: { getAttribute(name: string): string | null }[]) =>
      all.map((row) => Number(row.getAttribute('data-seq'))),
    )

test('a room opens at the first unread message however far back; only what was on the screen is read', async () => {
  const far = await house.visit('far', '멀리')
  const room = await makeRoom('Far room', writer, far)
  const { page } = far
  for (let batch = 0; batch < 10; batch++)
    await Promise.all(Array.from({ length: 100 }, (_, i) => say(writer, room, `far ${batch * 100 + i}`)))
  await page.getByText('999+').waitFor()
  let requests = 0
  page.on('request', (request) => {
    if (request.url().includes('/messages?')) requests++
  })
  await enter(page, 'Far room')
  await page.locator('[data-unread-line]').waitFor()
  const first = (await rows(page))[0]!
  assert.ok(first <= 4, `the first row is ${first}`)
  assert.ok(requests <= 3, `${requests} pages were fetched`)
  await eventually(
    async () => ((await unreadIn(far, room)) ?? 0) < 1_000,
    () => 'nothing is read',
  )
  const unread = (await unreadIn(far, room))!
  assert.ok(unread > 900, `${unread} are unread: what was not on the screen is not read`)
  const button = page.getByRole('button', { name: /9\d\d new messages/ })
  await button.waitFor()

  // Downwards page by page, to the end, with every message once and in order.
  const seen = new Set<number>()
  await page.getByRole('log').hover()
  for (let turns = 0; !seen.has(1_002); turns++) {
    assert.ok(turns < 400, `the end was not reached, but ${Math.max(...seen)}`)
    const now = await rows(page)
    assert.deepEqual(
      now,
      now.map((_, i) => now[0]! + i),
    )
    for (const seq of now) seen.add(seq)
    await page.mouse.wheel(0, 500)
    await page.waitForTimeout(20)
  }
  assert.equal(seen.size, 1_000)
  await eventually(
    async () => (await unreadIn(far, room)) === 0,
    () => 'the end is not read',
  )
  await say(writer, room, 'live again')
  await page.getByRole('log').getByText('live again').waitFor()

  // Up to the beginning and down again with the keyboard.
  await page.locator('article[data-seq]').last().focus()
  await page.keyboard.press('Home')
  await page.locator('article[data-seq="3"].flash').waitFor()
  const above = await rows(page)
  assert.equal(above[0], 3)
  await page.locator('article[data-seq="3"]').focus()
  await page.keyboard.press('End')
  await page.getByRole('log').getByText('live again').waitFor()
  await far.context.close()
})

test('newer messages that load below leave every row where it is', async () => {
  const { page } = reader
  const room = new URL(page.url()).hash.split('/')[2]!
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  let asked = 0
  await page.route('**/messages?after=*', async (route) => {
    asked++
    await held
    await route.continue()
  })
  // Anew, so that nothing lies loaded in between.
  await page.goto('/#/')
  await page.goto(`/#/r/${room}/40`)
  await page.reload()
  await page.locator('article[data-seq="40"].flash').waitFor()
  await page.getByRole('log').hover()
  await eventually(
    async () => {
      await page.mouse.wheel(0, 300)
      await page.waitForTimeout(60)
      return asked > 0
    },
    () => 'no page is asked for',
  )
  await page.getByText('Loading later messages').waitFor({ state: 'attached' })
  const seq = (await rows(page)).at(-4)!
  const before = await restingTop(page, seq)
  const response = page.waitForResponse('**/messages?after=*')
  release()
  await response
  await page.unroute('**/messages?after=*')
  await page.locator(`article[data-seq="${seq}"]`).waitFor()
  await page.getByText('Loading later messages').waitFor({ state: 'detached' })
  const after = await restingTop(page, seq)
  assert.ok(Math.abs(after - before) <= 1, `row ${seq} moved from ${before} to ${after}`)
})

test('who came and went is told after a reload, a crowd in one line', async () => {
  const { page } = reader
  const room = await makeRoom('Crowded room', writer, reader)
  await say(writer, room, 'before the crowd')
  for (let i = 0; i < 6; i++) {
    const guest = await register(house.server, `guest${i}`, `손님${i}`)
    await guest.call('POST', `/rooms/${room}/join`)
    if (i === 5) await guest.call('POST', `/rooms/${room}/leave`)
  }
  await writer.call('PATCH', `/rooms/${room}`, { title: 'Calm room' })
  await say(writer, room, 'after the crowd')
  await page.goto(`/#/r/${room}`)
  const log = page.getByRole('log')
  const told = async () => {
    await log.getByText('after the crowd').waitFor()
    await log.getByText('손님0, 손님1, 손님2 and 3 others joined').waitFor()
    await log.getByText('손님5 left').waitFor()
    await log.getByText('글쓴이 changed the title to “Calm room”').waitFor()
  }
  await told()
  await page.reload()
  await told()
  const places = await log
    .locator('[data-key]')
    .evaluateAll((all: { textContent: string | null }[]) => all.map((row) => row.textContent ?? ''))
  const at = (text: string) => places.findIndex((place) => place.includes(text))
  assert.ok(at('before the crowd') < at('손님0') && at('손님0') < at('after the crowd'))
  const late = await register(house.server, 'late', '늦은이')
  await late.call('POST', `/rooms/${room}/join`)
  await log.getByText('늦은이 joined').waitFor()
})

test('a room opens at the line over the first unread message', async () => {
  const { page } = reader
  await page.goto('/#/')
  await enter(page, 'Long room')
  const room = new URL(page.url()).hash.split('/')[2]!
  await page.getByRole('log').getByText('about the beginning').waitFor()
  await eventually(
    async () => (await unreadIn(reader, room)) === 0,
    () => 'it is not read',
  )
  await page.goto('/#/')
  for (let i = 1; i <= 25; i++) await say(writer, room, `unseen ${i} ${'and more '.repeat(12)}`)
  await page.getByText('25 unread messages').waitFor({ state: 'attached' })
  await enter(page, 'Long room')
  await page.locator('[data-unread-line]').waitFor()
  await page.locator('article', { hasText: 'unseen 1 and' }).waitFor()
  // Long enough for all that is marked as read to reach the server.
  await page.getByRole('button', { name: /^1\d new messages$/ }).waitFor()
  await eventually(
    async () => (await unreadIn(reader, room)) !== 25,
    () => 'nothing is read',
  )
  const unread = await unreadIn(reader, room)
  assert.ok(unread !== undefined && unread >= 10, `${unread} are unread: what was not on the screen is not read`)
  await page.getByRole('button', { name: /^1\d new messages$/ }).click()
  await page.getByRole('log').getByText('unseen 25').waitFor()
  await page.getByText('25 unread messages').waitFor({ state: 'detached' })
})

test('a quote of what lies far back shows what became of it', async () => {
  const { page } = reader
  const room = await makeRoom('Quoted', writer)
  await reader.call('POST', `/rooms/${room}/join`)
  const old = await say(writer, room, 'the old words')
  for (let i = 0; i < 70; i++) await say(writer, room, `filler ${i}`)
  await say(writer, room, 'an answer', old)
  // The page opens the room at its end once it knows that all of it is read.
  const row = page.getByRole('link', { name: /Quoted/ })
  await row.getByText('72 unread messages').waitFor({ state: 'attached' })
  await reader.call('PUT', `/rooms/${room}/read`, { seq: old + 71 })
  await row.getByText('unread message').waitFor({ state: 'detached' })
  await enter(page, 'Quoted')
  const answer = page.locator('article', { hasText: 'an answer' })
  await answer.getByRole('button', { name: 'the old words' }).waitFor()
  await writer.call('PATCH', `/rooms/${room}/messages/${old}`, { body: 'the new words' })
  await answer.getByRole('button', { name: 'the new words' }).waitFor()
  await writer.call('DELETE', `/rooms/${room}/messages/${old}`)
  await answer.getByText('The message that this answers was deleted.').waitFor()
  assert.equal(await page.getByText('the new words').count(), 0)
})
