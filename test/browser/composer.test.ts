import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { codeAt, triggerAt } from '../../web/src/composer/trigger.ts'
import { eventually } from '../support/witnesses.ts'
import { bodies, enter, type House, makeRoom, openHouse, register, say, write } from './visit.ts'

test('a name begins after @, an emoji after a colon; times, addresses and faces are neither', () => {
  const at = (text: string) => {
    const trigger = triggerAt(text, text.length)
    return trigger && `${trigger.of} ${trigger.name} ${trigger.from}`
  }
  const cases: [typed: string, offered: string | null][] = [
    ['@', 'person  0'],
    ['hi @민', 'person 민 3'],
    ['(@jo.an', 'person jo.an 1'],
    ['mail@exam', null],
    [':sm', 'emoji sm 0'],
    ['네 :웃', 'emoji 웃 2'],
    ['**:+1', 'emoji +1 2'],
    [':D', null],
    [':)', null],
    ['10:30', null],
    ['https://x', null],
    ['a:sm', null],
  ]
  for (const [typed, offered] of cases) assert.equal(at(typed), offered, typed)
  assert.equal(triggerAt('@mina later', 5)?.name, 'mina')
  assert.deepEqual(codeAt('oh :Tada:', 9), { code: 'tada', from: 3 })
  assert.equal(codeAt('at 10:30:', 9), null)
})

let house: House
before(async () => {
  house = await openHouse()
})
after(() => house.close())

test('keys make the selection bold, italic or struck out, take it back, and can be undone', async () => {
  const ana = await house.visit('ana', 'Ana')
  await makeRoom('Marks', ana)
  const { page } = ana
  await enter(page, 'Marks')
  const field = page.locator('#composer')
  await field.fill('make this bold')
  await field.evaluate((area: { setSelectionRange(from: number, to: number): void }) => area.setSelectionRange(5, 9))
  await page.keyboard.press('Control+b')
  assert.equal(await field.inputValue(), 'make **this** bold')
  await page.keyboard.press('Control+i')
  assert.equal(await field.inputValue(), 'make ***this*** bold')
  await page.keyboard.press('Control+i')
  await page.keyboard.press('Control+b')
  assert.equal(await field.inputValue(), 'make this bold')
  await page.keyboard.press('Control+Shift+x')
  assert.equal(await field.inputValue(), 'make ~~this~~ bold')
  await page.keyboard.press('Control+z')
  assert.equal(await field.inputValue(), 'make this bold')
  await field.fill('')
  await page.keyboard.press('Control+b')
  await page.keyboard.type('in between')
  assert.equal(await field.inputValue(), '**in between**')
  await ana.context.close()
})

test('emoji are offered by the beginning of a name in either language, and a written code becomes its emoji', async () => {
  const bo = await house.visit('bo', 'Bo', { locale: 'ko-KR' })
  await makeRoom('Codes', bo)
  const { page } = bo
  await enter(page, 'Codes')
  const field = page.locator('#composer')
  await field.pressSequentially('가자 :파도')
  await page.getByRole('option', { name: /파도/ }).first().waitFor()
  await page.keyboard.press('Enter')
  assert.equal(await field.inputValue(), '가자 🌊')
  await field.pressSequentially(' :tada')
  await page.getByRole('option', { name: /:tada:/ }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('listbox').waitFor({ state: 'detached' })
  await page.keyboard.type(': :D')
  assert.equal(await field.inputValue(), '가자 🌊 🎉 :D')
  await page.keyboard.press('Enter')
  await page.locator('article[data-seq]', { hasText: '가자 🌊 🎉 :D' }).waitFor()
  await bo.context.close()
})

test('members are offered by initial consonants, and in a room of many whom the server finds', async () => {
  const cho = await house.visit('cho', '초록')
  const names = ['혜진', '민수', '여울이']
  const people = await Promise.all(names.map((name, i) => register(house.server, `member${i}`, name)))
  const room = await makeRoom('Many', cho, ...people)
  const { page } = cho
  // As in a room of thousands: the page has loaded but the first of its members.
  await page.route(`**/rooms/${room}/members?*`, async (route) => {
    const url = new URL(route.request().url())
    if (url.searchParams.has('q')) return route.continue()
    const answer = await route.fetch()
    const { items } = (await answer.json()) as { items: { user: string }[] }
    const first = items.filter(({ user }) => user === cho.id || user === people[0]!.id)
    // As many as are listed at once, and more to come.
    const full = Array.from({ length: 250 }, () => first).flat()
    await route.fulfill({ json: { items: full, nextCursor: 'more' } })
  })
  await enter(page, 'Many')
  const field = page.locator('#composer')
  await field.pressSequentially('@ㅎㅈ')
  await page.getByRole('option', { name: /혜진/ }).waitFor()
  await field.fill('')
  await field.pressSequentially('@여울')
  await page.getByRole('option', { name: /여울이/ }).click()
  assert.equal(await field.inputValue(), '@member2 ')
  await cho.context.close()
})

test('a draft, an answer and an edit that were begun are there again after another room and a reload, in other tabs too', async () => {
  const dana = await house.visit('dana', 'Dana')
  const room = await makeRoom('Here', dana)
  await makeRoom('Elsewhere', dana)
  await say(dana, room, 'as it was')
  const { page } = dana
  await enter(page, 'Here')
  const field = page.locator('#composer')
  await field.press('ArrowUp')
  await field.fill('as it will be')
  await enter(page, 'Elsewhere')
  await field.fill('a draft')
  await enter(page, 'Here')
  await page.getByText('Editing your message').waitFor()
  assert.equal(await field.inputValue(), 'as it will be')
  await page.reload()
  await page.getByText('Editing your message').waitFor()
  assert.equal(await field.inputValue(), 'as it will be')

  const other = await dana.context.newPage()
  await other.goto('/')
  await enter(other, 'Elsewhere')
  assert.equal(await other.locator('#composer').inputValue(), 'a draft')
  await other.locator('#composer').fill('a draft, changed')
  await field.press('Enter')
  await page.locator('article[data-seq]', { hasText: 'as it will be' }).waitFor()
  assert.equal(await field.inputValue(), '')
  await enter(page, 'Elsewhere')
  await eventually(
    async () => (await field.inputValue()) === 'a draft, changed',
    () => 'what the other tab wrote is not here',
  )
  await dana.context.close()
})

test('drafts that an older version kept together are there, and what it kept of somebody else is gone', async () => {
  const fio = await house.visit('fio', 'Fio')
  const [near, far] = [await makeRoom('Near', fio), await makeRoom('Far', fio)]
  const seq = await say(fio, near, 'a question')
  const { page } = fio
  const left = async (owner: string, texts: object, tasks: object) => {
    const kept = JSON.stringify(JSON.stringify({ state: { texts, tasks, owner }, version: 0 }))
    await page.evaluate(`localStorage.setItem('yeoul.drafts', ${kept})`)
    await page.reload()
  }
  await left('somebody', { [far]: 'not hers' }, {})
  await enter(page, 'Far')
  assert.equal(await page.locator('#composer').inputValue(), '')

  await left(fio.id, { [near]: 'an answer', [far]: 'another' }, { [near]: { type: 'reply', seq } })
  await enter(page, 'Near')
  await page.getByText('Replying to Fio').waitFor()
  assert.equal(await page.locator('#composer').inputValue(), 'an answer')
  await page.reload()
  await enter(page, 'Far')
  assert.equal(await page.locator('#composer').inputValue(), 'another')
  assert.equal(await page.evaluate("localStorage.getItem('yeoul.drafts')"), null)
  await fio.context.close()
})

test('an edit that did not get through is there to be tried again; a text that is too long is told before it is sent', async () => {
  const eun = await house.visit('eun', 'Eun')
  const room = await makeRoom('Long', eun)
  await say(eun, room, 'short')
  const { page } = eun
  let refuse = true
  let refusal = Promise.resolve()
  let code = 'rate_limited'
  await page.routeWebSocket('**/ws', (near) => {
    const far = near.connectToServer()
    near.onMessage((frame) => {
      const commands = [JSON.parse(String(frame))].flat() as { id: number; op: string }[]
      const edits = commands.filter(({ op }) => op === 'edit' && refuse)
      const others = commands.filter((command) => !edits.includes(command))
      if (others.length > 0) far.send(JSON.stringify(others))
      const err = { code, message: '', retryable: true }
      for (const { id } of edits) void refusal.then(() => near.send(JSON.stringify({ re: id, err })))
    })
  })
  await page.reload()
  await enter(page, 'Long')
  const field = page.locator('#composer')
  await field.press('ArrowUp')
  await write(page, 'better')
  await page.getByText('Editing your message').waitFor()
  assert.equal(await field.inputValue(), 'better')
  refuse = false
  await field.press('Enter')
  await page.getByRole('log').getByText('better').waitFor()

  // Refused while something else is begun: that is done first.
  refuse = true
  code = 'overloaded'
  const { promise, resolve: answer } = Promise.withResolvers<void>()
  refusal = promise
  await field.press('ArrowUp')
  await write(page, 'best')
  await page.locator('article', { hasText: 'better' }).hover()
  await page.getByRole('button', { name: 'Reply', exact: true }).click()
  answer()
  await page.getByText('The server is very busy').waitFor()
  await page.getByText('Replying to Eun').waitFor()
  refuse = false
  await write(page, 'an answer')
  await page.getByText('Editing your message').waitFor()
  assert.equal(await field.inputValue(), 'best')
  await field.press('Enter')
  await page.getByRole('log').getByRole('paragraph').filter({ hasText: 'best' }).waitFor()

  await field.fill('가'.repeat(8_003))
  await page.getByText('3 characters too many').waitFor()
  await field.press('Enter')
  assert.ok(await page.getByRole('button', { name: 'Send', exact: true }).isDisabled())
  assert.deepEqual(await bodies(page), ['best', 'an answer'])
  await eun.context.close()
})
