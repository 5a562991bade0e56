import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eventually } from '../support/witnesses.ts'
import { enter, type House, makeRoom, openHouse, register, say, write } from './visit.ts'

let house: House
before(async () => {
  house = await openHouse()
})
after(() => house.close())

test('a room is made, found, joined, filled and left', async () => {
  const gil = await house.visit('gil', 'Gil')
  await gil.page.getByRole('button', { name: 'Make a room' }).click()
  await gil.page.getByLabel('Title').fill('조용한 여울')
  await gil.page.getByLabel('Most members').fill('none')
  await gil.page.getByRole('button', { name: 'Create' }).click()
  await gil.page.getByText('Give a whole number from 1 to').waitFor()
  await gil.page.getByLabel('Most members').fill('2')
  await gil.page.getByRole('button', { name: 'Create' }).click()
  await gil.page.getByText('Nothing said yet').waitFor()

  const hoon = await house.visit('hoon', '훈')
  await hoon.page.getByRole('button', { name: 'Find rooms' }).first().click()
  await hoon.page.getByLabel('Search by title').fill('여울')
  const found = hoon.page.getByRole('listitem').filter({ hasText: '조용한 여울' })
  await found.getByText('1 of 2').waitFor()
  await found.getByRole('button', { name: 'Join' }).click()
  await hoon.page.locator('#composer').waitFor()
  await gil.page.getByRole('log').getByText('훈 joined').waitFor()

  const ida = await house.visit('ida', 'Ida')
  await ida.page.getByRole('button', { name: 'Find rooms' }).first().click()
  await ida.page.getByRole('listitem').getByText('Full', { exact: true }).waitFor()
  await ida.page.goto(hoon.page.url())
  await ida.page.getByText('This room is full.').waitFor()
  assert.equal(await ida.page.getByRole('button', { name: 'Join the room' }).count(), 0)

  await hoon.page.getByRole('button', { name: 'Room menu' }).click()
  await hoon.page.getByRole('menuitem', { name: 'Leave the room' }).click()
  await hoon.page.getByRole('dialog').getByRole('button', { name: 'Leave the room' }).click()
  await hoon.page.getByText('No rooms yet').waitFor()
  await gil.page.getByRole('log').getByText('훈 left').waitFor()
  await ida.page.getByRole('button', { name: 'Look again' }).click()
  await ida.page.getByRole('button', { name: 'Join the room' }).click()
  await ida.page.locator('#composer').waitFor()
  for (const { context } of [gil, hoon, ida]) await context.close()
})

test('the list shows what came and how much of it is unread; what was written and not sent stays with its room', async () => {
  const jun = await house.visit('jun', 'Jun')
  const other = await register(house.server, 'kay', 'Kay')
  const first = await makeRoom('First', jun, other)
  await makeRoom('Second', jun, other)
  await enter(jun.page, 'Second')
  await jun.page.locator('#composer').fill('half a thought')
  for (const body of ['one', 'two']) await say(other, first, body)
  const row = jun.page.getByRole('link', { name: /First/ })
  await row.getByText('Kay: two').waitFor()
  await row.getByText('2 unread messages').waitFor({ state: 'attached' })
  await eventually(
    async () => (await jun.page.title()).startsWith('(2)'),
    () => 'the title does not tell of the two',
  )

  await enter(jun.page, 'First')
  await row.getByText('unread').waitFor({ state: 'detached' })
  assert.equal(await jun.page.locator('#composer').inputValue(), '')
  await jun.page
    .getByRole('link', { name: /Second/ })
    .getByText('Draft: half a thought')
    .waitFor()
  await jun.page.reload()
  await enter(jun.page, 'Second')
  assert.equal(await jun.page.locator('#composer').inputValue(), 'half a thought')
  await jun.context.close()
})

test('the people of a room: who is here, who left and when; an owner removes and bans', async () => {
  const lee = await house.visit('lee', 'Lee')
  const moe = await house.visit('moe', 'Moe')
  const nan = await house.visit('nan', 'Nan')
  await makeRoom('Guarded', lee, moe, nan)
  for (const { page } of [lee, moe, nan]) await enter(page, 'Guarded')
  await lee.page.getByRole('button', { name: 'People', exact: true }).click()
  const panel = lee.page.getByRole('complementary')
  await panel.getByText('Online — 3').waitFor()
  await moe.page.goto('about:blank')
  await panel.getByText('Left just now').waitFor()
  await panel.getByText('Away — 1').waitFor()
  await moe.page.goBack()
  await panel.getByText('Online — 3').waitFor()

  await panel.getByRole('button', { name: 'What to do with Moe' }).click()
  await lee.page.getByRole('menuitem', { name: 'Remove from the room' }).click()
  await lee.page.getByRole('dialog').getByRole('button', { name: 'Remove from the room' }).click()
  await moe.page.getByText('You were removed from this room.').waitFor()
  await moe.page.getByRole('button', { name: 'Join again' }).click()
  await moe.page.locator('#composer').waitFor()
  await nan.page.getByRole('log').getByText('Moe was removed by Lee').waitFor()

  await panel.getByRole('button', { name: 'What to do with Nan' }).click()
  await lee.page.getByRole('menuitem', { name: 'Ban from the room' }).click()
  await lee.page.getByRole('dialog').getByRole('button', { name: 'Ban from the room' }).click()
  await panel.getByText('Nan', { exact: true }).waitFor({ state: 'detached' })
  await nan.page.getByText('You were banned from this room.').waitFor()
  await nan.page.reload()
  await nan.page.getByText('You are banned from this room.').waitFor()
  assert.equal(await nan.page.getByRole('button', { name: 'Join the room' }).count(), 0)

  await panel.getByRole('button', { name: 'Banned', exact: true }).click()
  await panel.getByText('By Lee').waitFor()
  await panel.getByRole('button', { name: 'Lift the ban of Nan' }).click()
  await panel.getByText('Nobody is banned').waitFor()
  await nan.page.reload()
  await nan.page.getByRole('button', { name: 'Join the room' }).click()
  await nan.page.locator('#composer').waitFor()
  for (const { context } of [lee, moe, nan]) await context.close()
})

test('two people who share a room talk in private', async () => {
  const ola = await house.visit('ola', 'Ola')
  const pam = await house.visit('pam', '팜')
  await makeRoom('Lobby', ola, pam)
  await ola.page.getByRole('button', { name: 'New', exact: true }).click()
  await ola.page.getByRole('menuitem', { name: 'Direct message' }).click()
  await ola.page.getByLabel('People').fill('팜')
  await ola.page.getByRole('button', { name: '팜 @pam' }).click()
  await ola.page.getByRole('button', { name: 'Start' }).click()
  await ola.page.getByRole('heading', { name: '팜' }).waitFor()
  await ola.page.getByText('Not here yet').waitFor()
  await write(ola.page, 'just us')
  await enter(pam.page, 'Ola')
  await pam.page.getByRole('log').getByText('just us').waitFor()
  await ola.page.getByText('Here now').waitFor()
  for (const { context } of [ola, pam]) await context.close()
})

test('a session that ended elsewhere leads back to the door', async () => {
  const quin = await house.visit('quin', 'Quin')
  const tab = await quin.context.newPage()
  await tab.goto('/')
  await tab.getByText('No rooms yet').waitFor()
  await tab.getByRole('button', { name: 'Account and settings' }).click()
  await tab.getByRole('menuitem', { name: 'Sign out' }).click()
  await tab.getByRole('heading', { name: 'Sign in' }).waitFor()
  await quin.page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await quin.context.close()
})

test('somebody who shares no room is found by name, and a direct chat with them opens', async () => {
  const lena = await house.visit('lena', 'Lena')
  await register(house.server, 'haneul', '김 하늘')
  await lena.page.getByRole('button', { name: 'New', exact: true }).click()
  await lena.page.getByRole('menuitem', { name: 'Direct message' }).click()
  const dialog = lena.page.getByRole('dialog')
  await dialog.getByLabel('People').fill('하')
  await dialog.getByRole('button', { name: '김 하늘' }).click()
  await dialog.getByRole('button', { name: 'Start' }).click()
  await lena.page.locator('#composer').waitFor()
  await lena.page.getByRole('heading', { name: '김 하늘' }).waitFor()
  await lena.context.close()
})

test('a room’s row has its menu by right click and by a long press; leaving from there keeps the open room', async () => {
  const ray = await house.visit('ray', 'Ray')
  const sam = await register(house.server, 'sam', 'Sam')
  await makeRoom('Quiet corner', sam, ray)
  await makeRoom('Kept open', sam, ray)
  await enter(ray.page, 'Kept open')
  await ray.page.getByRole('link', { name: /Quiet corner/ }).click({ button: 'right' })
  await ray.page.getByRole('menuitem', { name: 'Copy the link' }).waitFor()
  await ray.page.getByRole('menuitem', { name: 'Leave the room' }).click()
  await ray.page.getByRole('dialog').getByRole('button', { name: 'Leave the room' }).click()
  await ray.page.getByRole('link', { name: /Quiet corner/ }).waitFor({ state: 'detached' })
  await ray.page.getByRole('heading', { level: 2, name: 'Kept open' }).waitFor()
  await ray.page.locator('#composer').waitFor()

  const login = await ray.context.storageState()
  const phone = await house.open({
    viewport: { width: 390, height: 800 },
    hasTouch: true,
    isMobile: true,
    storageState: login,
  })
  await phone.page.goto('/')
  const row = phone.page.getByRole('link', { name: /Kept open/ })
  const box = (await row.boundingBox())!
  const touch = { pointerType: 'touch', clientX: box.x + 20, clientY: box.y + 20, bubbles: true, cancelable: true }
  await row.dispatchEvent('pointerdown', touch)
  await phone.page.getByRole('menuitem', { name: 'Leave the room' }).waitFor()
  await row.dispatchEvent('pointerup', touch)
  await row.dispatchEvent('click', touch)
  await phone.page.getByRole('menuitem', { name: 'Leave the room' }).waitFor()
  assert.ok(!phone.page.url().includes('/r/'), 'lifting the finger opened the room')
  for (const { context } of [ray, phone]) await context.close()
})

test('a room that is deleted while it is open says so; a group one was put out of is told why', async () => {
  const tia = await house.visit('tia', 'Tia')
  const uma = await register(house.server, 'uma', 'Uma')
  const doomed = await makeRoom('Doomed', uma, tia)
  const group = await uma.call<{ id: string }>('POST', '/rooms', { kind: 'group', title: 'Inner', memberIds: [tia.id] })
  await enter(tia.page, 'Doomed')
  await uma.call('DELETE', `/rooms/${doomed}`)
  await tia.page.getByText('This room was deleted.').waitFor()
  assert.equal(await tia.page.getByRole('button', { name: 'Room menu' }).count(), 0, 'there is nothing to do in it')
  assert.equal(await tia.page.getByRole('button', { name: 'Join again' }).count(), 0)
  await tia.page.reload()
  await tia.page.getByText('This room is not here').waitFor()

  await enter(tia.page, 'Inner')
  await uma.call('DELETE', `/rooms/${group.id}/members/${tia.id}`)
  await tia.page.getByText('You were removed from this room.').waitFor()
  assert.equal(
    await tia.page.getByRole('button', { name: 'Join again' }).count(),
    0,
    'nobody joins a group by themselves',
  )
  await tia.page.getByRole('status').getByRole('button', { name: 'Back to the rooms' }).click()
  await tia.page.getByRole('heading', { name: 'Welcome, Tia' }).waitFor()
  await tia.context.close()
})

test('inviting into a group names who could not be invited, and why', async () => {
  const vic = await house.visit('vic', 'Vic')
  const [wes, xia] = [await register(house.server, 'wes', 'Wes'), await register(house.server, 'xia', 'Xia')]
  const group = await vic.call<{ id: string }>('POST', '/rooms', { kind: 'group', title: 'Closed circle' })
  await vic.call('PUT', `/rooms/${group.id}/members/${xia.id}/ban`, {})
  await enter(vic.page, 'Closed circle')
  await vic.page.getByRole('button', { name: 'Room menu' }).click()
  await vic.page.getByRole('menuitem', { name: 'Invite' }).click()
  const dialog = vic.page.getByRole('dialog')
  for (const name of ['Wes', 'Xia']) {
    await dialog.getByLabel('People').fill(name)
    await dialog.getByRole('button', { name: new RegExp(name) }).click()
  }
  await dialog.getByRole('button', { name: 'Invite', exact: true }).click()
  await dialog.getByText('Xia is banned from this room.').waitFor()
  const { items } = await wes.call<{ items: { room: { id: string } }[] }>('GET', '/me/rooms')
  assert.deepEqual(
    items.map(({ room }) => room.id),
    [group.id],
  )
  await vic.context.close()
})

test('what is asked for without a network fails in plain words, and is not done later', async () => {
  const kit = await house.visit('kit', 'Kit')
  await makeRoom('Stays', kit)
  const { page } = kit
  await enter(page, 'Stays')
  await page.getByRole('button', { name: 'Room menu' }).click()
  await page.getByRole('menuitem', { name: 'Leave the room' }).click()
  await kit.context.setOffline(true)
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Leave the room' }).click()
  await dialog.getByText('The server cannot be reached.').waitFor()
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await kit.context.setOffline(false)
  await write(page, 'Still here')
  await page.locator('article', { hasText: 'Still here' }).waitFor()
  const { items } = await kit.call<{ items: unknown[] }>('GET', '/me/rooms')
  assert.equal(items.length, 1)
  await kit.context.close()
})
