import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { CDPSession, Page } from 'playwright-core'
import { bodies, enter, type House, makeRoom, openHouse, type Visit } from './visit.ts'

let house: House
let hana: Visit
let input: CDPSession
let page: Page
before(async () => {
  house = await openHouse()
  hana = await house.visit('hana', '하나')
  await makeRoom('Hangul', hana)
  page = hana.page
  await enter(page, 'Hangul')
  input = await hana.context.newCDPSession(page)
})
after(() => house.close())

/** What an input method does while a syllable is being put together: the text is in the field, and not yet final. */
const compose = (text: string) =>
  input.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length })

/** Enter as Chromium tells of it during a composition: key code 229. */
async function enterWhileComposing(): Promise<void> {
  const key = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 229 }
  await input.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', ...key })
  await input.send('Input.dispatchKeyEvent', { type: 'keyUp', ...key })
}

const field = () => page.locator('#composer').inputValue()

test('Enter that completes a Hangul syllable sends nothing, the next one sends the whole text once', async () => {
  await page.locator('#composer').focus()
  await input.send('Input.insertText', { text: '안녕하세' })
  for (const step of ['ㅇ', '요']) await compose(step)
  assert.equal(await field(), '안녕하세요')
  await enterWhileComposing()
  assert.deepEqual(await bodies(page), [])

  // The input method hands the syllable over, and Chromium on macOS and Windows then tells of Enter a second time.
  await input.send('Input.insertText', { text: '요' })
  await page.keyboard.press('Enter')
  await page.locator('article[data-seq]').waitFor()
  await page.waitForTimeout(300)
  assert.deepEqual(await bodies(page), ['안녕하세요'])
  assert.equal(await field(), '')
})

test('Enter told with isComposing alone, as Firefox and macOS do, sends nothing either', async () => {
  await page.locator('#composer').focus()
  await compose('한')
  const key = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13 }
  await input.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', ...key })
  await input.send('Input.dispatchKeyEvent', { type: 'keyUp', ...key })
  assert.equal(await field(), '한')
  assert.deepEqual(await bodies(page), ['안녕하세요'])
  await input.send('Input.insertText', { text: '한' })
  await page.keyboard.press('Enter')
  await page.locator('article[data-seq]').nth(1).waitFor()
  assert.deepEqual(await bodies(page), ['안녕하세요', '한'])
})

test('the send button in the middle of a syllable sends it whole and leaves nothing behind', async () => {
  await page.locator('#composer').focus()
  await input.send('Input.insertText', { text: '여' })
  await compose('울')
  await page.getByRole('button', { name: 'Send', exact: true }).click()
  await page.locator('article[data-seq]').nth(2).waitFor()
  await page.waitForTimeout(300)
  assert.deepEqual(await bodies(page), ['안녕하세요', '한', '여울'])
  assert.equal(await field(), '')
})
