import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type House, openHouse, PASSWORD, register } from './visit.ts'

let house: House
before(async () => {
  house = await openHouse()
})
after(() => house.close())

test('somebody signs up, stays signed in over a reload, signs out and in again', async () => {
  const { page, context } = await house.open()
  await page.goto('/')
  await page.getByRole('button', { name: 'New here?' }).click()
  await page.getByLabel('User name').fill('Minsu')
  await page.getByLabel('Display name').fill('김민수')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Create an account' }).click()
  await page.getByText('No rooms yet').waitFor()

  await page.reload()
  await page.getByText('No rooms yet').waitFor()
  const script = await page.evaluate('document.cookie + JSON.stringify(localStorage)')
  assert.ok(!/ey[A-Za-z0-9_-]{20,}/.test(String(script)), 'no token is within reach of a script')

  await page.getByRole('button', { name: 'Account and settings' }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.reload()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()

  await page.getByLabel('User name').fill('minsu')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.keyboard.press('Enter')
  await page.getByText('No rooms yet').waitFor()
  await context.close()
})

test('what goes wrong at the door is told in plain words', async () => {
  await register(house.server, 'taken', 'Taken')
  const { page, context } = await house.open()
  await page.goto('/')
  await page.getByLabel('User name').fill('taken')
  await page.getByLabel('Password', { exact: true }).fill('not the password')
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByText('The user name or the password is wrong.').waitFor()

  await page.getByRole('button', { name: 'New here?' }).click()
  await page.getByRole('button', { name: 'Create an account' }).click()
  await page.getByText('The password needs at least 8 characters.').waitFor()
  await page.getByLabel('User name').fill('taken')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Create an account' }).click()
  await page.getByText('That user name is taken. Choose another.').waitFor()
  await context.close()
})

test('the set-up link makes the administrator', async () => {
  assert.ok(house.server.setupUrl)
  const { page, context } = await house.open()
  await page.goto(house.server.setupUrl)
  await page.getByText('You will be the administrator of this server.').waitFor()
  await page.getByLabel('User name').fill('boss')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Create the administrator' }).click()
  await page.getByText('Welcome, boss').waitFor()
  assert.ok(!page.url().includes('setup'), 'the token is out of the address')

  const login = await context.request.post('/api/v1/auth/login', { data: { username: 'boss', password: PASSWORD } })
  const { accessToken } = (await login.json()) as { accessToken: string }
  const me = await context.request.get('/api/v1/me', { headers: { Authorization: `Bearer ${accessToken}` } })
  assert.equal(((await me.json()) as { role: string }).role, 'admin')
  await context.close()
})

test('the language follows the browser until it is chosen, and the choice is kept', async () => {
  const { page, context } = await house.open({ locale: 'ko-KR' })
  await page.goto('/')
  await page.getByRole('heading', { name: '로그인' }).waitFor()
  assert.equal(await page.locator('html').getAttribute('lang'), 'ko')
  await page.getByRole('button', { name: 'English' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.reload()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  assert.equal(await page.locator('html').getAttribute('lang'), 'en')
  await context.close()
})

test('dark follows the system until a theme is chosen, and the choice is there before the first paint', async () => {
  const { page, context } = await house.open({ colorScheme: 'dark' })
  const theme = () => page.locator('html').getAttribute('data-theme')
  await page.goto('/')
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  assert.equal(await theme(), 'dark')
  await page.emulateMedia({ colorScheme: 'light' })
  await page.locator('html[data-theme=light]').waitFor()
  await page.getByRole('button', { name: 'Dark' }).click()
  await page.locator('html[data-theme=dark]').waitFor()
  await page.reload({ waitUntil: 'commit' })
  await page.locator('html[data-theme]').waitFor()
  assert.equal(await theme(), 'dark')
  await context.close()
})

test('the first load is under 200 KB on the wire', async () => {
  const { page, context } = await house.open()
  let bytes = 0
  page.on('response', async (response) => {
    const { responseBodySize } = await response.request().sizes()
    bytes += responseBodySize
  })
  await page.goto('/', { waitUntil: 'networkidle' })
  assert.ok(bytes > 20_000 && bytes < 200_000, `${bytes} bytes`)
  await context.close()
})

test('the page asks no foreign origin for anything, and needs no inline script or style', async () => {
  const { page, context } = await house.open()
  const origins = new Set<string>()
  page.on('request', (request) => origins.add(new URL(request.url()).origin))
  const violations: string[] = []
  page.on('console', (message) => /Content Security Policy/.test(message.text()) && violations.push(message.text()))
  await register(house.server, 'strict', 'Strict')
  const answer = await page.goto('/')
  assert.ok(!answer?.headers()['content-security-policy']?.includes('unsafe'))
  await page.getByLabel('User name').fill('strict')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.keyboard.press('Enter')
  await page.getByText('No rooms yet').waitFor()
  await page.getByRole('button', { name: 'New', exact: true }).click()
  await page.getByRole('menuitem', { name: 'Open room' }).click()
  await page.getByLabel('Title').fill('A strict room')
  await page.keyboard.press('Enter')
  await page.locator('#composer').waitFor()
  await page.getByRole('button', { name: 'Insert an emoji' }).click()
  await page.getByRole('gridcell', { name: 'grinning face', exact: true }).click()
  await page.getByRole('button', { name: 'People', exact: true }).click()
  await page.getByText('Here now').waitFor()
  assert.deepEqual(violations, [])
  assert.deepEqual([...origins], [house.server.url])
  await context.close()
})
