import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { enter, type House, makeRoom, openHouse, register, say, type Visit } from './visit.ts'

let house: House
before(async () => {
  house = await openHouse()
})
after(() => house.close())

const open = async ({ page }: Visit) => {
  await page.keyboard.press('Control+k')
  return page.getByRole('combobox', { name: 'Go to a room or a person' })
}
const options = ({ page }: Visit) => page.getByRole('dialog').getByRole('option')
const heading = ({ page }: Visit, name: string) => page.getByRole('heading', { level: 2, name, exact: true }).waitFor()

test('Ctrl+K: unread rooms first, initials and half a syllable find rooms, Enter opens, Escape gives the focus back', async () => {
  const ann = await house.visit('ann', 'Ann')
  const bob = await register(house.server, 'bob', '김밥')
  for (const title of ['공사 소식방', '여울 개발', 'Design']) await makeRoom(title, ann, bob)
  const unread = await makeRoom('Old and unread', ann, bob)
  const last = await makeRoom('Lively', ann, bob)
  await say(bob, unread, 'news')
  await say(ann, last, 'mine')
  await enter(ann.page, 'Lively')

  const field = await open(ann)
  await ann.page.getByRole('group', { name: 'Unread' }).getByText('Old and unread').waitFor()
  assert.match((await options(ann).first().textContent()) ?? '', /Old and unread/)
  assert.equal(await options(ann).filter({ hasText: 'Lively' }).count(), 0, 'the open room is no place to go to')
  for (const [typed, title] of [
    ['ㄱㅅㅅㅅㅂ', '공사 소식방'],
    ['여우', '여울 개발'],
    ['sign', 'Design'],
  ] as const) {
    await field.fill(typed)
    await options(ann).filter({ hasText: title }).waitFor()
    assert.match((await options(ann).first().textContent()) ?? '', new RegExp(title))
  }
  await field.press('Escape')
  await field.waitFor({ state: 'detached' })
  assert.equal(await ann.page.locator('#composer:focus').count(), 1)

  await (await open(ann)).fill('여울')
  await field.press('Enter')
  await heading(ann, '여울 개발')
  await ann.context.close()
})

test('Ctrl+K finds people to write to and open rooms to join, and the arrow keys choose among all', async () => {
  const cho = await house.visit('cho', 'Cho')
  const dan = await register(house.server, 'dan', '단비')
  const full = await dan.call<{ id: string }>('POST', '/rooms', { title: '단풍 구경', capacity: 1 })
  assert.ok(full.id)
  const field = await open(cho)
  await field.fill('단')
  await cho.page.getByRole('group', { name: 'People' }).getByText('단비').waitFor()
  await cho.page.getByRole('group', { name: 'Open rooms to join' }).getByText('단풍 구경').waitFor()
  await cho.page.getByText('1 of 1').waitFor()
  await field.press('ArrowDown')
  assert.match((await cho.page.getByRole('option', { selected: true }).textContent()) ?? '', /단풍 구경/)
  await field.press('ArrowDown')
  assert.match((await cho.page.getByRole('option', { selected: true }).textContent()) ?? '', /단비/, 'round the end')
  await field.press('Enter')
  await heading(cho, '단비')
  // Now there is a room with them: it is found by their name, and is the same one.
  const url = cho.page.url()
  await cho.page.goto('/')
  await cho.page.getByRole('link', { name: /단비/ }).waitFor()
  await (await open(cho)).fill('ㄷㅂ')
  await cho.page.getByRole('group', { name: 'My rooms' }).getByText('단비').waitFor()
  await field.press('Enter')
  await heading(cho, '단비')
  assert.equal(cho.page.url(), url)
  await cho.context.close()
})

test('Enter that completes a syllable chooses nothing', async () => {
  const eve = await house.visit('eve', 'Eve')
  await makeRoom('한강', eve)
  const field = await open(eve)
  await eve.page.getByRole('option', { name: /한강/ }).waitFor()
  const session = await eve.context.newCDPSession(eve.page)
  await session.send('Input.imeSetComposition', { text: '하', selectionStart: 1, selectionEnd: 1 })
  await eve.page.getByRole('option', { name: /한강/ }).waitFor()
  // As browsers tell a key that the input method takes.
  await field.dispatchEvent('keydown', { key: 'Enter', keyCode: 229, isComposing: true, bubbles: true })
  await session.send('Input.insertText', { text: '한' })
  assert.equal(await field.inputValue(), '한')
  await field.press('Enter')
  await heading(eve, '한강')
  await eve.context.close()
})

test('Alt and the arrows go through the rooms, with Shift through the unread ones; Escape goes to the newest message', async () => {
  const fay = await house.visit('fay', 'Fay')
  const gus = await register(house.server, 'gus', 'Gus')
  const [one, two, three] = [
    await makeRoom('One', fay, gus),
    await makeRoom('Two', fay, gus),
    await makeRoom('Three', fay, gus),
  ]
  for (const room of [one, two, three]) await say(fay, room, 'first')
  await fay.page.getByRole('link', { name: /Three/ }).getByText('You: first').waitFor()
  await enter(fay.page, 'Two')
  await fay.page.keyboard.press('Alt+ArrowDown')
  await heading(fay, 'One')
  await fay.page.keyboard.press('Alt+ArrowDown')
  await heading(fay, 'Three')
  await fay.page.keyboard.press('Alt+ArrowUp')
  await heading(fay, 'One')
  for (let i = 0; i < 60; i++) await say(gus, two, `line ${i}`)
  await fay.page.getByRole('link', { name: /Two/ }).getByText('60 unread').waitFor({ state: 'attached' })
  await fay.page.keyboard.press('Alt+Shift+ArrowDown')
  await heading(fay, 'Two')
  await fay.page.locator('[data-unread-line]').waitFor()
  await fay.page.getByText('line 59', { exact: true }).waitFor({ state: 'detached' })
  await fay.page.locator('#composer').waitFor()
  await fay.page.keyboard.press('Escape')
  await fay.page.getByRole('log').getByText('line 59', { exact: true }).waitFor()
  await fay.page.getByRole('link', { name: /Two/ }).getByText('unread').waitFor({ state: 'detached' })
  await fay.context.close()
})

test('the keyboard help lists the keys, in a field too only by Ctrl+/', async () => {
  const hal = await house.visit('hal', 'Hal', { locale: 'ko-KR' })
  await makeRoom('글방', hal)
  await enter(hal.page, '글방')
  await hal.page.locator('#composer').pressSequentially('?')
  assert.equal(await hal.page.locator('#composer').inputValue(), '?')
  await hal.page.keyboard.press('Control+/')
  const dialog = hal.page.getByRole('dialog', { name: '키보드 단축키' })
  await dialog.getByText('대화방이나 사람 찾아가기').waitFor()
  await hal.page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  await hal.page.locator('#composer').blur()
  await hal.page.keyboard.press('Shift+?')
  await dialog.waitFor()
  await hal.context.close()
})

test('a long list of rooms is chosen from by what is unread and what is direct, and searched by initials', async () => {
  const ivy = await house.visit('ivy', 'Ivy')
  const jan = await register(house.server, 'jan', '장미')
  const rooms: string[] = []
  for (let i = 1; i <= 8; i++) rooms.push(await makeRoom(`모임 ${i}`, ivy, jan))
  await ivy.call('POST', '/rooms', { kind: 'direct', title: '', memberIds: [jan.id] })
  await say(jan, rooms[2]!, 'hello')
  const nav = ivy.page.getByRole('navigation', { name: 'Rooms' })
  await ivy.page.getByRole('button', { name: 'Unread', exact: true }).click()
  await nav.getByRole('link').nth(1).waitFor({ state: 'detached' })
  await nav.getByRole('link', { name: /모임 3/ }).click()
  await ivy.page.locator('[role=log][data-state=live]').waitFor()
  await nav.getByText('unread').waitFor({ state: 'detached' })
  await nav.getByRole('link', { name: /모임 3/ }).waitFor()
  await ivy.page.getByRole('button', { name: 'Direct', exact: true }).click()
  await nav.getByRole('link', { name: /장미/ }).waitFor()
  assert.equal(await nav.getByRole('link').count(), 1)
  await ivy.page.getByRole('button', { name: 'All', exact: true }).click()
  await ivy.page.getByLabel('Find in my rooms').fill('ㅈㅁ')
  await nav.getByRole('link').nth(1).waitFor({ state: 'detached' })
  await nav.getByRole('link', { name: /장미/ }).waitFor()
  // Two fewer, and the box is gone with what it asked for.
  for (const room of rooms.slice(0, 2)) await ivy.call('DELETE', `/rooms/${room}`)
  await nav.getByRole('link', { name: /모임 8/ }).waitFor()
  await ivy.context.close()
})
