import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { startCutProxy } from './cut-proxy.ts'
import { bodies, enter, type House, makeRoom, openHouse, say, write } from './visit.ts'

/** The part of the DOM that is used: the tests are compiled without its types. */
interface Element {
  getAttribute(name: string): string | null
  querySelector(selector: string): { textContent: string } | null
}

let house: House
before(async () => {
  house = await openHouse()
})
after(() => house.close())

test('two people talk: what one writes, answers, edits, deletes and reacts with, the other sees at once', async () => {
  const ana = await house.visit('ana', 'Ana')
  const bora = await house.visit('bora', '보라')
  await makeRoom('River walk', ana, bora)
  await enter(ana.page, 'River walk')
  await enter(bora.page, 'River walk')

  await ana.page.locator('#composer').pressSequentially('Hello')
  await bora.page.getByText('Ana is writing…').waitFor()
  await ana.page.locator('#composer').press('Enter')
  await bora.page.getByRole('log').getByText('Hello').waitFor()
  // Both have it on the screen: nobody is left who has not read it.
  await ana.page.locator('article', { hasText: 'Hello' }).getByText('has not read it').waitFor({ state: 'detached' })

  await bora.page.locator('article', { hasText: 'Hello' }).hover()
  await bora.page.getByRole('button', { name: 'Reply' }).click()
  await bora.page.getByText('Replying to Ana').waitFor()
  await write(bora.page, '안녕하세요 @ana')
  const answer = ana.page.locator('article', { hasText: '안녕하세요' })
  await answer.getByRole('button', { name: /Ana.*Hello/ }).waitFor()
  await answer.getByText('@Ana').waitFor()

  await ana.page.locator('article', { hasText: '안녕하세요' }).hover()
  await ana.page.getByRole('button', { name: 'React', exact: true }).click()
  await ana.page.getByRole('button', { name: '🎉' }).click()
  await bora.page.getByRole('button', { name: '🎉 1: Ana' }).click()
  await ana.page.getByRole('button', { name: '🎉 2: Ana, 보라' }).waitFor()

  await ana.page.locator('#composer').press('ArrowUp')
  await ana.page.getByText('Editing your message').waitFor()
  await write(ana.page, 'Hello there')
  await bora.page.locator('article', { hasText: 'Hello there' }).getByText('edited').waitFor()

  await bora.page.locator('article', { hasText: '안녕하세요' }).hover()
  await bora.page.getByRole('button', { name: 'More' }).click()
  await bora.page.getByRole('menuitem', { name: 'Delete' }).click()
  await bora.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await ana.page.getByText('This message was deleted.').waitFor()
  assert.equal(await ana.page.getByText('안녕하세요').count(), 0)
  await ana.context.close()
  await bora.context.close()
})

test('[P4] who was offline for a while gets every missed message once and in order, and sends what was written meanwhile', async (t) => {
  const proxy = await startCutProxy(house.server.url)
  t.after(() => proxy.close())
  const chul = await house.visit('chul', '철')
  const dana = await house.visit('dana', 'Dana', { url: proxy.url })
  const room = await makeRoom('Ferry', chul, dana)
  await enter(chul.page, 'Ferry')
  await enter(dana.page, 'Ferry')
  await write(chul.page, 'before')
  await dana.page.getByRole('log').getByText('before').waitFor()

  await dana.context.setOffline(true)
  proxy.cut()
  await dana.page.getByText('No connection.').waitFor()
  const missed = Array.from({ length: 150 }, (_, i) => `missed ${i + 1}`)
  for (const body of missed) await say(chul, room, body)
  await write(dana.page, 'written offline')
  await dana.page.getByText('Goes out when you are connected again.').waitFor()

  proxy.heal()
  await dana.context.setOffline(false)
  await dana.page.getByRole('log').getByText('missed 150', { exact: true }).waitFor()
  await dana.page.getByText('No connection.').waitFor({ state: 'detached' })
  await chul.page.getByRole('log').getByText('written offline').waitFor()

  // Only rows on the screen are in the document: read the run from the end to the beginning.
  const seen = await readAll(dana.page)
  const expected = ['before', ...missed, 'written offline']
  assert.deepEqual(seen, expected)
  await dana.context.close()
  await chul.context.close()
})

test('a message that was refused can be sent again or discarded', async () => {
  const eun = await house.visit('eun', 'Eun')
  await makeRoom('Bridge', eun)
  let refuse = true
  await eun.page.routeWebSocket('**/ws', (near) => {
    const far = near.connectToServer()
    near.onMessage((frame) => {
      const commands = [JSON.parse(String(frame))].flat() as { id: number; op: string }[]
      const refused = commands.filter((command) => refuse && command.op === 'send')
      const passed = commands.filter((command) => !refused.includes(command))
      if (passed.length > 0) far.send(JSON.stringify(passed))
      for (const { id } of refused) {
        near.send(JSON.stringify({ re: id, err: { code: 'forbidden', message: 'no', retryable: false } }))
      }
    })
  })
  await eun.page.reload()
  await enter(eun.page, 'Bridge')
  await write(eun.page, 'first')
  await write(eun.page, 'second')
  const failed = (text: string) => eun.page.locator('article[data-status=failed]', { hasText: text })
  await failed('first').getByText('You may not do that here.').waitFor()
  await failed('second').getByRole('button', { name: 'Discard' }).click()
  await failed('second').waitFor({ state: 'detached' })
  refuse = false
  await failed('first').getByRole('button', { name: 'Send again' }).click()
  await eun.page.locator('article[data-seq]', { hasText: 'first' }).waitFor()
  assert.deepEqual(await bodies(eun.page), ['first'])
  await eun.context.close()
})

test('a message is text: no markup in it comes to life, and only web addresses become links', async () => {
  const finn = await house.visit('finn', 'Finn')
  await makeRoom('Markup', finn)
  await enter(finn.page, 'Markup')
  const evil = '<img src=x onerror=alert(1)> javascript:alert(1) https://example.com/여울?a=1), <b>bold</b>'
  await write(finn.page, evil)
  const row = finn.page.locator('article[data-seq]')
  await row.waitFor()
  assert.deepEqual(await bodies(finn.page), [evil])
  assert.equal(await row.locator('img, b').count(), 0)
  const links = await row
    .locator('a')
    .evaluateAll((all: Element[]) => all.map((a) => [a.getAttribute('href'), a.getAttribute('rel')]))
  assert.deepEqual(links, [['https://example.com/여울?a=1', 'noopener noreferrer nofollow']])
  await finn.context.close()
})

test('marks are shown as what they mean, the same on the way and when it has arrived, and code is copied as it was written', async () => {
  const iris = await house.visit('iris', 'Iris', { permissions: ['clipboard-read', 'clipboard-write'] })
  const jun = await house.visit('jun', '준')
  await makeRoom('Marks', iris, jun)
  await enter(iris.page, 'Marks')
  await enter(jun.page, 'Marks')
  await iris.context.setOffline(true)
  await iris.page.locator('#composer').fill('**강조(주의)**는 `code`\n- 하나\n```\nlet a = 1\n  b\n```')
  await iris.page.locator('#composer').press('Enter')
  await iris.page.locator('article[data-status] strong', { hasText: '강조(주의)' }).waitFor()
  await iris.context.setOffline(false)
  const row = jun.page.locator('article[data-seq]')
  await row.locator('strong', { hasText: '강조(주의)' }).waitFor()
  await row.locator('li', { hasText: '하나' }).waitFor()
  assert.deepEqual(await row.locator('code').allTextContents(), ['code', 'let a = 1\n  b'])
  // One line without marks in the list of rooms.
  await jun.page.getByRole('link', { name: /강조\(주의\)는 code · 하나 let a = 1 b/ }).waitFor()

  await iris.page.locator('article[data-seq]').getByRole('button', { name: 'Copy the code' }).click()
  await iris.page.getByText('Copied.').waitFor()
  assert.equal(await iris.page.evaluate('navigator.clipboard.readText()'), 'let a = 1\n  b')
  for (const { context } of [iris, jun]) await context.close()
})

test('an @ offers the members, and the keyboard reaches every message and what can be done with it', async () => {
  const gwen = await house.visit('gwen', 'Gwen')
  const hye = await house.visit('hye', '혜진')
  const room = await makeRoom('Keys', gwen, hye)
  for (const body of ['one', 'two', 'three']) await say(hye, room, body)
  const { page } = gwen
  await enter(page, 'Keys')
  await page.locator('#composer').pressSequentially('hi @혜')
  await page.getByRole('option', { name: /혜진/ }).waitFor()
  await page.keyboard.press('Enter')
  assert.equal(await page.locator('#composer').inputValue(), 'hi @hye ')
  await page.keyboard.press('Enter')
  await page.locator('article[data-seq]', { hasText: 'hi @혜진' }).waitFor()

  await page.locator('article[data-seq]').last().focus()
  for (const body of ['three', 'two']) {
    await page.keyboard.press('ArrowUp')
    await page.locator('article:focus', { hasText: body }).waitFor()
  }
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByText('Replying to 혜진').waitFor()
  assert.ok(
    await page.getByText('two', { exact: true }).nth(1).isVisible(),
    'the second message is the one that is answered',
  )
  await page.keyboard.press('Escape')
  await page.getByText('Replying to').waitFor({ state: 'detached' })
  for (const { context } of [gwen, hye]) await context.close()
})

/** The bodies of the whole room, read while scrolling from its end to its beginning. */
async function readAll(page: Page): Promise<string[]> {
  const found = new Map<number, string>()
  const log = page.getByRole('log')
  await log.hover()
  for (let turn = 0; turn < 60; turn++) {
    const rows = await page
      .locator('article[data-seq]')
      .evaluateAll((all: Element[]) =>
        all.map((row) => [Number(row.getAttribute('data-seq')), row.querySelector('p')?.textContent ?? ''] as const),
      )
    for (const [seq, body] of rows) found.set(seq, body)
    if ((await log.evaluate((element: { scrollTop: number }) => element.scrollTop)) === 0) break
    await page.mouse.wheel(0, -400)
    // Rows come with the next frame.
    await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))')
    await page.waitForTimeout(40)
  }
  return [...found].sort(([a], [b]) => a - b).map(([, body]) => body)
}
