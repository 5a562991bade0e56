import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type House, openHouse, PASSWORD, write } from './visit.ts'

let house: House
before(async () => {
  house = await openHouse()
})
after(() => house.close())

test('from the set-up link to the first message: the admin makes the first room in one step, a newcomer joins it and answers', async () => {
  const admin = await house.open({ locale: 'ko-KR' })
  await admin.context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await admin.page.goto(house.server.setupUrl!)
  await admin.page.getByLabel('아이디').fill('boss')
  await admin.page.getByLabel('비밀번호', { exact: true }).fill(PASSWORD)
  await admin.page.getByRole('button', { name: '관리자 계정 만들기' }).click()
  await admin.page.getByRole('heading', { name: 'boss님, 환영합니다' }).waitFor()
  const address = admin.page.url().replace(/#.*/, '')
  await admin.page.getByText(address, { exact: true }).waitFor()
  assert.equal(await admin.page.getByLabel('첫 대화방').inputValue(), '모두의 여울')
  await admin.page.getByRole('button', { name: '첫 대화방 만들기' }).click()
  await admin.page.getByRole('heading', { level: 2, name: '모두의 여울' }).waitFor()
  await admin.page.getByText('아직 아무 말이 없습니다').waitFor()
  await admin.page.getByRole('button', { name: '초대 링크 복사' }).click()
  await admin.page.getByText('복사했습니다.').waitFor()
  const link = await admin.page.evaluate('navigator.clipboard.readText()')
  assert.equal(link, admin.page.url())
  await admin.page.getByRole('button', { name: '메시지 쓰기' }).click()
  await admin.page.keyboard.type('welcome')
  await admin.page.keyboard.press('Enter')
  await admin.page.getByRole('log').getByText('welcome').waitFor()
  assert.equal(await admin.page.getByText('아직 아무 말이 없습니다').count(), 0)

  const newcomer = await house.open()
  await newcomer.page.goto('/')
  await newcomer.page.getByRole('button', { name: 'New here? Create an account' }).click()
  await newcomer.page.getByLabel('User name').fill('newcomer')
  await newcomer.page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await newcomer.page.getByRole('button', { name: 'Create an account', exact: true }).click()
  await newcomer.page.getByRole('heading', { name: 'Welcome, newcomer' }).waitFor()
  const offered = newcomer.page.getByRole('listitem').filter({ hasText: '모두의 여울' })
  assert.equal(await newcomer.page.getByText('Others sign up here').count(), 0, 'that is the concern of the admin')
  await offered.getByRole('button', { name: 'Join' }).click()
  await newcomer.page.getByRole('log').getByText('welcome').waitFor()
  await write(newcomer.page, 'thank you')
  await admin.page.getByRole('log').getByText('thank you').waitFor()
  for (const { context } of [admin, newcomer]) await context.close()
})

test('on a phone the welcome fills the page, and the invite link leads a newcomer to the room', async () => {
  const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }
  const host = await house.visit('host', 'Host', phone)
  await host.page.getByRole('heading', { name: 'Welcome, Host' }).waitFor()
  await host.page.getByRole('listitem').filter({ hasText: '모두의 여울' }).getByRole('button', { name: 'Join' }).tap()
  await host.page.locator('[role=log][data-state=live]').waitFor()
  const guest = await house.visit('guest', 'Guest', phone)
  await guest.page.goto(host.page.url())
  await guest.page.getByRole('button', { name: 'Join the room' }).tap()
  await guest.page.locator('#composer').waitFor()
  for (const { context } of [host, guest]) await context.close()
})

test('where signing up is closed, the admin is told so and where to change it', async () => {
  const closed = await openHouse({ registration: 'closed' })
  try {
    const { page } = await closed.open()
    await page.goto(closed.server.setupUrl!)
    await page.getByLabel('User name').fill('boss')
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Create the administrator' }).click()
    await page.getByText('Signing up is closed').waitFor()
    await page.getByRole('link', { name: 'Change it in the configuration' }).click()
    await page.getByRole('heading', { name: 'Administration' }).waitFor()
  } finally {
    await closed.close()
  }
})
