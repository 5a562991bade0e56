import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { PATIENCE_MS } from '../support/patience.ts'
import { newPerson } from '../support/people.ts'
import { enter, type House, makeRoom, openHouse, say, type Visit } from './visit.ts'

let house: House
before(async () => {
  house = await openHouse()
})
after(() => house.close())

const people = async ({ page }: Visit, close: string | RegExp = 'People') => {
  await page.getByRole('button', { name: close, exact: true }).click()
  return page.getByRole('complementary')
}

test('a role that changes shows at once on both sides, with what may be done now', async () => {
  const amy = await house.visit('amy', 'Amy')
  const ben = await house.visit('ben', 'Ben')
  const cal = await house.visit('cal', 'Cal')
  await makeRoom('Ranks', amy, ben, cal)
  for (const { page } of [amy, ben]) await enter(page, 'Ranks')
  const [hers, his] = [await people(amy), await people(ben)]
  await his.getByRole('button', { name: 'What to do with Cal' }).click()
  await ben.page.getByRole('menuitem', { name: 'Send a message' }).waitFor()
  assert.equal(await ben.page.getByRole('menuitem').count(), 1, 'an ordinary member governs nobody')
  await ben.page.keyboard.press('Escape')

  await hers.getByRole('button', { name: 'What to do with Ben' }).click()
  await amy.page.getByRole('menuitem', { name: 'Make a moderator' }).click()
  await hers.getByText('Moderator', { exact: true }).waitFor()
  await his.getByText('Moderator', { exact: true }).waitFor()
  await his.getByRole('button', { name: 'Banned', exact: true }).waitFor()
  await his.getByRole('button', { name: 'What to do with Cal' }).click()
  await ben.page.getByRole('menuitem', { name: 'Remove from the room' }).waitFor()
  for (const { context } of [amy, ben, cal]) await context.close()
})

test('a name beside a message opens a profile card, with the role, a direct chat, and what those who may can do', async () => {
  const dot = await house.visit('dot', 'Dot')
  const eli = await house.visit('eli', '엘리')
  const room = await makeRoom('Cards', dot, eli)
  await say(eli, room, 'hello there')
  await enter(dot.page, 'Cards')
  await dot.page.getByRole('log').getByRole('button', { name: '엘리', exact: true }).click()
  const card = dot.page.getByRole('dialog', { name: 'Profile' })
  await card.getByText('@eli').waitFor()
  await card.getByText('Joined on').waitFor()
  await card.getByRole('button', { name: 'Make a moderator' }).click()
  await card.getByText('Moderator', { exact: true }).waitFor()
  await card.getByRole('button', { name: 'Remove from the room' }).click()
  const question = dot.page.getByRole('dialog', { name: 'Remove 엘리?' })
  await question.getByRole('button', { name: 'Remove from the room' }).click()
  await card.getByText('Not in this room').waitFor()
  await card.getByRole('button', { name: 'Send a message' }).click()
  await dot.page.getByRole('heading', { level: 2, name: '엘리' }).waitFor()
  for (const { context } of [dot, eli]) await context.close()
})

test('a room of 1,200: those online first, the others by scrolling, anybody by a few letters of the name', async () => {
  const kim = await house.visit('kim', '김대표')
  const room = await makeRoom('큰 여울', kim)
  for (let i = 0; i < 1_200; i += 60) {
    await Promise.all(
      Array.from({ length: 60 }, async (_, k) => {
        const person = await newPerson(house.server, `참가자 ${String(i + k).padStart(4, '0')}`)
        assert.equal((await person.call('POST', `/rooms/${room}/join`)).status, 200)
      }),
    )
  }
  const last = await house.visit('zoe', '조이')
  await last.call('POST', `/rooms/${room}/join`)
  await enter(last.page, '큰 여울')
  await kim.page.reload()
  await enter(kim.page, '큰 여울')
  const panel = await people(kim)
  await panel.getByText('Online — 2').waitFor()
  await panel.getByRole('button', { name: /조이/ }).first().waitFor()
  await panel.getByText('Away — 1200').waitFor()
  await panel.getByRole('searchbox').fill('참가자 117')
  await panel.getByRole('button', { name: /^참가자 1179/ }).waitFor()
  await panel.getByRole('searchbox').fill('nobody')
  await panel.getByText('Nobody here is called “nobody”.').waitFor()
  await panel.getByRole('searchbox').fill('')
  await panel.getByText('Online — 2').waitFor()
  const end = panel.getByRole('button', { name: /^참가자 1199/ })
  const toTheEnd = (frames = 2) =>
    kim.page.evaluate(`(async () => {
      const list = [...document.querySelectorAll('aside > div')].at(-1)
      list.scrollTop = list.scrollHeight
      for (let i = 0; i < ${frames}; i++) await new Promise(requestAnimationFrame)
    })()`)
  let refused = 0
  await kim.page.route(/members\?.*cursor=/, (route) => {
    refused++
    return route.fulfill({ status: 503, json: { code: 'unavailable', retryable: true } })
  })
  await toTheEnd(40)
  assert.ok(refused > 0 && refused < 10, `a page that cannot be had was asked for ${refused} times at once`)
  await kim.page.unroute(/members\?.*cursor=/)
  const patience = Date.now() + PATIENCE_MS
  while ((await end.count()) === 0 && Date.now() < patience) await toTheEnd()
  await end.waitFor()
  for (const { context } of [kim, last]) await context.close()
})
