import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { type House, makeRoom, openHouse, register, say } from './visit.ts'

let house: House
before(async () => {
  house = await openHouse()
})
after(() => house.close())

const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, locale: 'ko-KR' }

const overflow = (page: Page) =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')

test('a phone shows the rooms or one conversation, with a way back, and nothing wider than the screen', async () => {
  const rin = await house.visit('rin', '린', PHONE)
  const sol = await register(house.server, 'sol', '솔')
  const room = await makeRoom('긴 이름을 가진 대화방이라서 한 줄에 다 들어가지 않는 곳', rin, sol)
  await say(
    sol,
    room,
    `아주 긴 주소 https://example.com/${'a'.repeat(300)} 와 띄어쓰기없이이어지는글${'글'.repeat(120)}`,
  )
  const { page } = rin
  await page.getByRole('link', { name: /긴 이름/ }).tap()
  await page.locator('[role=log][data-state=live]').waitFor()
  await page.getByRole('log').getByText('아주 긴 주소').waitFor()
  assert.equal(await page.getByRole('navigation').isVisible(), false)
  assert.equal(await overflow(page), 0)

  await page.locator('#composer').fill('전화기에서')
  for (const name of ['보내기', '대화방 목록으로', '참여자', '대화방 메뉴', '이모지 넣기']) {
    const box = await page.getByRole('button', { name, exact: true }).boundingBox()
    assert.ok(box !== null && box.width >= 40 && box.height >= 44, `${name} is ${box?.width} × ${box?.height}`)
  }
  await page.getByRole('button', { name: '보내기', exact: true }).tap()
  await page.locator('article[data-seq]', { hasText: '전화기에서' }).waitFor()

  // The first tap puts the keyboard away, the next on a message shows what can be done with it.
  await page.locator('article', { hasText: '전화기에서' }).locator('p').tap()
  await page.locator('article', { hasText: '전화기에서' }).locator('p').tap()
  await page.getByRole('button', { name: '답장' }).tap()
  await page.getByText('린님에게 답장하는 중').waitFor()

  await page.getByRole('button', { name: '참여자', exact: true }).tap()
  await page.getByRole('complementary').getByText('아직 접속하지 않음').waitFor()
  await page.getByRole('button', { name: '참여자 목록 닫기' }).tap()
  await page.getByRole('button', { name: '대화방 목록으로' }).tap()
  await page.getByRole('navigation').waitFor()
  assert.equal(await page.locator('#composer').count(), 0)
  assert.equal(await overflow(page), 0)

  await page.goBack()
  await page.locator('#composer').waitFor()
  await rin.context.close()
})

test('on a phone the list of rooms is where it was left when one comes back from a room', async () => {
  const tae = await house.visit('tae', '태', PHONE)
  for (let i = 10; i < 60; i++) await makeRoom(`방 번호 ${i}`, tae)
  const { page } = tae
  await page.reload()
  await page.getByRole('link', { name: /방 번호 59/ }).waitFor()
  const far = page.getByRole('link', { name: /방 번호 25/ })
  // The list's own scroller is moved: a wheel goes on after it was turned.
  for (let i = 0; i < 100 && (await far.count()) === 0; i++) {
    await page.evaluate("document.querySelector('nav > div').scrollBy(0, 300)")
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))')
  }
  await far.scrollIntoViewIfNeeded()
  const before = (await far.boundingBox())!.y
  // Not tapped: what taps scrolls a row into view that something is over at that moment.
  await far.dispatchEvent('click')
  await page.locator('[role=log][data-state=live]').waitFor()
  await page.getByRole('button', { name: '대화방 목록으로' }).tap()
  await far.waitFor()
  const after = (await far.boundingBox())!.y
  assert.ok(Math.abs(after - before) < 4, `from ${before} to ${after}`)
  await tae.context.close()
})
