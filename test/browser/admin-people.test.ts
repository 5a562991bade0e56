import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { enter, type House, makeRoom, openHouse, PASSWORD, register, say, type Visit, visitAdmin } from './visit.ts'

let house: House
let root: Visit
before(async () => {
  house = await openHouse()
  root = await visitAdmin(house)
})
after(() => house.close())

/** Chooses from the menu of a person's row, and says yes to what is asked. */
async function change(page: Page, name: string, what: string): Promise<void> {
  await page.getByRole('button', { name: `What to do with ${name}` }).click()
  await page.getByRole('menuitem', { name: what, exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: what, exact: true }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
}
const row = (page: Page, name: string) =>
  page.getByRole('listitem').filter({ has: page.getByText(name, { exact: true }) })

test('a person is found, disabled and enabled: their open page is signed out and says why', async () => {
  const gone = await house.visit('gone.soon', '박서연')
  await makeRoom('Left behind', gone)
  await enter(gone.page, 'Left behind')
  await root.page.goto('/#/admin/users')
  await row(root.page, 'Root').getByText('Only another administrator can change this account').waitFor()
  await root.page.getByLabel('Search by name').fill('nobody')
  await root.page.getByText('Nothing found for “nobody”').waitFor()
  await root.page.getByLabel('Search by name').fill('박서')
  await row(root.page, 'Root').waitFor({ state: 'detached' })
  await change(root.page, '박서연', 'Disable')
  await row(root.page, '박서연').getByText('Disabled', { exact: true }).waitFor()
  await gone.page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await gone.page.getByText('This account is disabled. Ask an administrator.').waitFor()
  await gone.page.getByLabel('User name').fill('gone.soon')
  await gone.page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await gone.page.getByRole('button', { name: 'Sign in' }).click()
  await gone.page.getByRole('alert').getByText('This account is disabled').waitFor()

  await change(root.page, '박서연', 'Enable')
  await row(root.page, '박서연').getByText('Disabled', { exact: true }).waitFor({ state: 'detached' })
  await gone.page.getByRole('button', { name: 'Sign in' }).click()
  await gone.page.getByRole('link', { name: /Left behind/ }).waitFor()
  await gone.context.close()
})

test('an administrator is made and taken back: the rights change at once', async () => {
  const amy = await house.visit('amy', 'Amy')
  await root.page.goto('/#/admin/nodes')
  await root.page.goto('/#/admin/users')
  await change(root.page, 'Amy', 'Make administrator')
  await row(root.page, 'Amy').getByText('Administrator', { exact: true }).waitFor()
  await amy.page.reload()
  await amy.page.getByRole('button', { name: 'Account and settings' }).click()
  await amy.page.getByRole('menuitem', { name: 'Administration' }).click()
  await amy.page.getByRole('heading', { name: 'Overview' }).waitFor()
  await change(root.page, 'Amy', 'Take back administrator')
  await row(root.page, 'Amy').getByText('Administrator', { exact: true }).waitFor({ state: 'detached' })
  await amy.page.getByText('This part is for administrators').waitFor()
  const token = await amy.context.request.post('/api/v1/auth/login', { data: { username: 'amy', password: PASSWORD } })
  const { accessToken } = (await token.json()) as { accessToken: string }
  const asked = await amy.context.request.get('/api/v1/admin/users', {
    headers: { Authorization: `Bearer ${accessToken}` },
  })
  assert.equal(asked.status(), 403)
  await amy.context.close()
})

test('a reset link is shown once, works once, and signs in with the new password', async () => {
  const hal = await register(house.server, 'hal', 'Hal')
  await makeRoom('Hal’s room', hal)
  await root.page.goto('/#/admin/nodes')
  await root.page.goto('/#/admin/users')
  await root.page.getByRole('button', { name: 'What to do with Hal' }).click()
  await root.page.getByRole('menuitem', { name: 'Reset the password' }).click()
  const dialog = root.page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Make the link' }).click()
  const link = await dialog.getByLabel('One-time link').inputValue()
  assert.match(link, /\/#reset=[\w-]{20,}$/)
  await dialog.getByText('It is shown only now').waitFor()
  await root.context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await dialog.getByRole('button', { name: 'Copy' }).click()
  await dialog.getByText('Copied.').waitFor()
  assert.equal(await root.page.evaluate('navigator.clipboard.readText()'), link)
  await dialog.getByRole('button', { name: 'Close' }).last().click()

  // Opened where somebody else is signed in: the link is Hal's all the same.
  const { page, context } = await house.open()
  await page.goto(link)
  await page.getByLabel('New password').fill('short')
  await page.getByRole('button', { name: 'Set it and sign in' }).click()
  await page.getByText('The password needs at least 8 characters').waitFor()
  await page.getByLabel('New password').fill('quite another horse')
  await page.getByRole('button', { name: 'Set it and sign in' }).click()
  await page.getByRole('link', { name: /Hal’s room/ }).waitFor()
  assert.doesNotMatch(page.url(), /reset/)
  await context.close()

  const again = await house.open()
  await again.page.goto(link)
  await again.page.getByLabel('New password').fill('a third horse')
  await again.page.getByRole('button', { name: 'Set it and sign in' }).click()
  await again.page.getByText('The reset link is wrong, already used or expired').waitFor()
  await again.page.getByRole('button', { name: 'Leave it as it is' }).click()
  await again.page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await again.context.close()
})

test('rooms are listed with their figures, joined when open, and deleted only by their title', async () => {
  const ivy = await house.visit('ivy', 'Ivy')
  const open = await makeRoom('소란한 방', ivy)
  await ivy.call('POST', '/rooms', { title: 'Closed circle', kind: 'group' })
  for (const body of ['one', 'two', 'three']) await say(ivy, open, body)
  await enter(ivy.page, 'Closed circle')
  await root.page.goto('/#/admin/rooms')
  const noisy = row(root.page, '소란한 방')
  await noisy.getByText('3 messages').waitFor()
  await noisy.getByText('1 member').waitFor()
  await row(root.page, 'Closed circle').getByText('Group', { exact: true }).waitFor()
  await root.page.getByRole('button', { name: 'What to do with Closed circle' }).click()
  assert.deepEqual(await root.page.getByRole('menuitem').allTextContents(), ['Delete the room'])
  await root.page.getByRole('menuitem', { name: 'Delete the room' }).click()
  const dialog = root.page.getByRole('dialog')
  await dialog.getByRole('textbox').fill('Closed')
  await dialog.getByRole('button', { name: 'Delete the room' }).click()
  await dialog.getByText('That is not the title of this room').waitFor()
  await ivy.call('GET', `/rooms/${open}`)
  await dialog.getByRole('textbox').fill('Closed circle')
  await dialog.getByRole('textbox').press('Enter')
  await row(root.page, 'Closed circle').waitFor({ state: 'detached' })
  await ivy.page.getByRole('link', { name: /Closed circle/ }).waitFor({ state: 'detached' })

  await root.page.getByLabel('Search by title').fill('소란')
  await root.page.getByRole('button', { name: 'What to do with 소란한 방' }).click()
  await root.page.getByRole('menuitem', { name: 'Join and open' }).click()
  await root.page.getByRole('log').getByText('three').waitFor()
  await ivy.context.close()
})

test('a list longer than a page goes on as one scrolls', async () => {
  const many = Array.from({ length: 70 }, (_, i) => `crowd${String(i).padStart(2, '0')}`)
  for (const name of many) await register(house.server, name, `Crowd ${name.slice(5)}`)
  await root.page.goto('/#/admin/nodes')
  await root.page.goto('/#/admin/users')
  await root.page.getByLabel('Search by name').fill('crowd')
  await row(root.page, 'Crowd 00').waitFor()
  await root.page.getByText('Crowd 49', { exact: true }).scrollIntoViewIfNeeded()
  await row(root.page, 'Crowd 69').waitFor()
  assert.equal(await root.page.getByRole('list', { name: 'Users' }).getByRole('listitem').count(), 70)
})
