import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { enter, type House, makeRoom, openHouse, register, say } from './visit.ts'

let house: House
before(async () => {
  house = await openHouse()
})
after(() => house.close())

/** What has the focus, by its name. */
const focused = (page: Page): Promise<string> =>
  page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent.trim()")

test('Tab walks from the rooms to the conversation to the message box, and what has the focus can be seen', async () => {
  const noa = await house.visit('noa', 'Noa')
  const room = await makeRoom('Reading room', noa)
  await say(noa, room, 'hello')
  const { page } = noa
  await enter(page, 'Reading room')
  await page.locator('article').waitFor()
  await page.evaluate("document.querySelector('a[href], button').focus()")
  // By the keyboard, as somebody would come there who sees where they are.
  await page.keyboard.press('Tab')
  await page.keyboard.press('Shift+Tab')
  assert.equal(await focused(page), 'Skip to the message box')
  const seen: string[] = []
  for (let i = 0; i < 20 && (await page.evaluate("document.activeElement.id !== 'composer'")); i++) {
    const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')
    assert.notEqual(outline, 'none', `${await focused(page)} shows that it has the focus`)
    seen.push(await focused(page))
    await page.keyboard.press('Tab')
  }
  const places = ['Account and settings', 'Find rooms', 'New', 'Reading room', 'People', 'Room menu', 'Noa,'].map(
    (name) => seen.findIndex((each) => each.includes(name)),
  )
  assert.ok(!places.includes(-1), `all of them are met: ${seen.join(' | ')}`)
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
    seen.join(' | '),
  )
  await noa.context.close()
})

test('a dialog begins at its field, keeps the focus inside, and gives it back', async () => {
  const pia = await house.visit('pia', 'Pia')
  await makeRoom('Some room', pia)
  const { page } = pia
  await enter(page, 'Some room')
  await page.getByRole('button', { name: 'Room menu' }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('menuitem', { name: 'Edit the room' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.waitFor()
  assert.equal(
    await page.evaluate("document.activeElement.closest('dialog') !== null && document.activeElement.tagName"),
    'INPUT',
  )
  for (let i = 0; i < 8; i++) {
    await page.keyboard.press('Tab')
    // Between its last and its first the browser's own bar has a turn.
    assert.ok(
      await page.evaluate(
        "document.activeElement === document.body || document.activeElement.closest('dialog') !== null",
      ),
    )
  }
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  assert.equal(await focused(page), 'Room menu')
  await pia.context.close()
})

test('a selection that begins in a dialog and ends beside it closes nothing; a click beside it does', async () => {
  const uma = await house.visit('uma', 'Uma')
  const { page } = uma
  await page.getByRole('button', { name: 'Make a room' }).click()
  const dialog = page.getByRole('dialog')
  const field = dialog.getByLabel('Title')
  await field.fill('A long title')
  const box = (await field.boundingBox())!
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
  await page.mouse.down()
  await page.mouse.move(4, box.y + box.height / 2, { steps: 4 })
  await page.mouse.up()
  assert.equal(await field.inputValue(), 'A long title')
  await page.mouse.click(4, box.y)
  await dialog.waitFor({ state: 'detached' })
  await uma.context.close()
})

test('what is said is read out: the list is a log in the reader’s language', async () => {
  const rae = await house.visit('rae', '라에', { locale: 'ko-KR' })
  const other = await register(house.server, 'sue', 'Sue')
  const room = await makeRoom('소리 나는 방', rae, other)
  await enter(rae.page, '소리 나는 방')
  const log = rae.page.getByRole('log', { name: '‘소리 나는 방’의 메시지' })
  await log.waitFor()
  await say(other, room, 'listen')
  await rae.page.locator('[aria-live=polite]', { hasText: 'Sue: listen' }).waitFor({ state: 'attached' })
  assert.equal(await rae.page.locator('html').getAttribute('lang'), 'ko')
  await rae.context.close()
})

test('for those who asked for less motion nothing moves longer than a millisecond', async () => {
  const tae = await house.visit('tae', 'Tae', { reducedMotion: 'reduce' })
  await makeRoom('Still water', tae)
  const { page } = tae
  await enter(page, 'Still water')
  await page.getByRole('button', { name: 'Room menu' }).click()
  await page.getByRole('menu').waitFor()
  const longest = await page.evaluate(`Math.max(...[...document.querySelectorAll('*')].flatMap((element) => {
    const { animationDuration, transitionDuration } = getComputedStyle(element)
    return (animationDuration + ',' + transitionDuration).split(',').map((each) => each.trim().endsWith('ms') ? parseFloat(each) : parseFloat(each) * 1000)
  }))`)
  assert.ok(Number(longest) <= 1, `${longest} ms`)
  await tae.context.close()
})

test('with text twice as large everything is still there, and nothing is wider than the window', async () => {
  const una = await house.visit('una', 'Una')
  const room = await makeRoom('Large print', una)
  await say(una, room, 'A sentence that is long enough to need more than one line when letters are large.')
  const { page } = una
  await enter(page, 'Large print')
  await page.evaluate("document.documentElement.style.fontSize = '32px'")
  for (const width of [1280, 640]) {
    await page.setViewportSize({ width, height: 900 })
    await page.locator('#composer').waitFor()
    await page.getByRole('button', { name: 'Room menu' }).waitFor()
    const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
    assert.equal(await page.evaluate(overflow), 0, `${width} px`)
    const box = await page.getByRole('button', { name: 'Send' }).boundingBox()
    assert.ok(
      box !== null && box.x + box.width <= width && box.y + box.height <= 900,
      `${width} px: ${JSON.stringify(box)}`,
    )
  }
  await una.context.close()
})
