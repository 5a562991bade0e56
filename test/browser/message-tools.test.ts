import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { bodies, enter, type House, makeRoom, openHouse, say } from './visit.ts'

let house: House
before(async () => {
  house = await openHouse()
})
after(() => house.close())

const clipboard = (page: Page) => page.evaluate('navigator.clipboard.readText()') as Promise<string>

test('keys on a message answer, edit, react, copy its link and delete it, in Korean letters too; the link opens at it', async () => {
  const ana = await house.visit('ana', 'Ana', { permissions: ['clipboard-read', 'clipboard-write'] })
  const bora = await house.visit('bora', '보라')
  const room = await makeRoom('Keys', ana, bora)
  await say(bora, room, 'from bora')
  const seq = await say(ana, room, 'my own')
  const { page } = ana
  await enter(page, 'Keys')
  const mine = page.locator('article[data-seq]', { hasText: 'my own' })
  const hers = page.locator('article[data-seq]', { hasText: 'from bora' })

  await mine.focus()
  await page.keyboard.press('c')
  await page.getByText('Copied.').waitFor()
  assert.equal(await clipboard(page), `${house.server.url}/#/r/${room}/${seq}`)

  await mine.focus()
  // What a Korean keyboard tells of the key of R.
  await mine.dispatchEvent('keydown', { key: 'ㄱ', code: 'KeyR', bubbles: true })
  await page.getByText('Replying to Ana').waitFor()
  await page.locator('#composer:focus').waitFor()
  await page.keyboard.press('Escape')

  await hers.focus()
  await page.keyboard.press('e')
  await page.keyboard.press('Delete')
  await page.keyboard.press('Control+c')
  assert.equal(await page.getByText('Editing your message').count(), 0)
  assert.equal(await page.getByRole('dialog').count(), 1, 'the owner of a room may delete what others wrote')
  await page.keyboard.press('Escape')

  await hers.focus()
  await page.keyboard.press('+')
  await page.getByRole('button', { name: '❤️', exact: true }).click()
  await hers.getByRole('button', { name: '❤️ 1: Ana' }).waitFor()

  await mine.focus()
  await page.keyboard.press('e')
  await page.getByText('Editing your message').waitFor()
  await page.keyboard.press('Escape')
  await mine.focus()
  await page.keyboard.press('Delete')
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByText('This message was deleted.').waitFor()

  for (let i = 0; i < 30; i++) await say(bora, room, `more ${i}`)
  const first = await say(bora, room, 'the linked one')
  for (let i = 30; i < 90; i++) await say(bora, room, `more ${i}`)
  const next = await bora.context.newPage()
  await next.goto(`/#/r/${room}/${first}`)
  const linked = next.locator('article[data-seq]', { hasText: 'the linked one' })
  await linked.waitFor()
  await linked.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))')
  const box = (await linked.boundingBox())!
  assert.ok(box.y > 0 && box.y < 700, `it is on the screen: ${box.y}`)
  for (const { context } of [ana, bora]) await context.close()
})

test('a page that is served without TLS has no clipboard of the new kind, and copies all the same', async () => {
  const dae = await house.visit('dae', '대호')
  const room = await makeRoom('Plain', dae)
  await say(dae, room, '복사할 글')
  const { page } = dae
  await page.addInitScript(`Object.defineProperty(navigator, 'clipboard', { value: undefined })`)
  await page.reload()
  await enter(page, 'Plain')
  await page.locator('article', { hasText: '복사할 글' }).hover()
  await page.getByRole('button', { name: 'More', exact: true }).click()
  await page.getByRole('menuitem', { name: 'Copy the text' }).click()
  await page.getByText('Copied.').waitFor()
  await page.locator('#composer').focus()
  await page.keyboard.press('Control+v')
  assert.equal(await page.locator('#composer').inputValue(), '복사할 글')
  await dae.context.close()
})

test('on a phone a long press or a tap opens a sheet of large buttons; a tap while writing only ends the writing', async () => {
  const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, locale: 'ko-KR' }
  const cho = await house.visit('cho', '초록', phone)
  const room = await makeRoom('Phone', cho)
  await say(cho, room, '**길게** 눌러 보세요')
  const { page } = cho
  await page.goto(`/#/r/${room}`)
  const text = page.locator('article[data-seq] p')
  await text.waitFor()

  const box = (await text.boundingBox())!
  const finger = await cho.context.newCDPSession(page)
  const touch = (type: 'touchStart' | 'touchEnd' | 'touchMove', ...points: { x: number; y: number }[]) =>
    finger.send('Input.dispatchTouchEvent', { type, touchPoints: points })
  const at = { x: box.x + 10, y: box.y + 10 }
  await touch('touchStart', at)
  const sheet = page.getByRole('dialog', { name: '메시지에 할 일' })
  await sheet.waitFor()
  await touch('touchEnd')
  await sheet.getByText('길게 눌러 보세요', { exact: false }).waitFor()
  for (const name of ['답장', '수정', '글 복사', '링크 복사', '삭제']) {
    const button = (await sheet.getByRole('button', { name }).boundingBox())!
    assert.ok(button.height >= 44 && button.width > 250, `${name} is ${button.width} × ${button.height}`)
  }
  await sheet.getByRole('button', { name: '🎉' }).tap()
  await page.getByRole('button', { name: '🎉 1: 초록' }).waitFor()
  assert.equal(await sheet.count(), 0)

  // A finger that scrolls presses nothing.
  await touch('touchStart', at)
  await touch('touchMove', { x: at.x, y: at.y + 40 })
  await page.waitForTimeout(600)
  await touch('touchEnd')
  assert.equal(await sheet.count(), 0)

  await page.locator('#composer').tap()
  await text.tap()
  await page.waitForTimeout(200)
  assert.equal(await sheet.count(), 0)
  await page.locator('#composer').blur()
  await text.tap()
  await sheet.getByRole('button', { name: '수정' }).tap()
  await page.getByText('메시지를 수정하는 중').waitFor()
  await page.locator('#composer:focus').waitFor()
  await page.locator('#composer').fill('고쳤어요')
  await page.getByRole('button', { name: '저장' }).tap()
  await page.getByText('고쳤어요').first().waitFor()
  assert.deepEqual(await bodies(page), ['고쳤어요'])
  await cho.context.close()
})
