import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { eventually } from '../support/witnesses.ts'
import { enter, type House, makeRoom, openHouse, PASSWORD, register, say, write } from './visit.ts'

let house: House
before(async () => {
  house = await openHouse()
})
after(() => house.close())

const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1'

/** Signs in over HTTP, as another device would. */
async function signIn(username: string, agent: string): Promise<string> {
  const answer = await fetch(`${house.server.url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'User-Agent': agent },
    body: JSON.stringify({ username, password: PASSWORD }),
  })
  return ((await answer.json()) as { accessToken: string }).accessToken
}

async function stillSignedIn(accessToken: string): Promise<boolean> {
  const answer = await fetch(`${house.server.url}/api/v1/me`, { headers: { Authorization: `Bearer ${accessToken}` } })
  return answer.ok
}

const settings = async (page: Page, part: string) => {
  await page.goto(`/#/settings/${part}`)
  await page.getByRole('heading', { name: 'Settings' }).waitFor()
}

test('the first visit logs nothing, and a session that began outside the page is found', async () => {
  const { page, context } = await house.open()
  const logged: string[] = []
  page.on('console', (message) => logged.push(message.text()))
  await page.goto('/', { waitUntil: 'networkidle' })
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  assert.deepEqual(logged, [])

  await register(house.server, 'outside', 'Outside')
  await context.request.post('/api/v1/auth/login', {
    data: { username: 'outside', password: PASSWORD, session: 'cookie' },
  })
  await page.reload()
  await page.getByText('No rooms yet').waitFor()
  assert.deepEqual(logged, [])
  await context.close()
})

test('a new display name shows as it is typed, is kept, and others see it when they come to look', async () => {
  const mina = await house.visit('mina', 'Mina')
  const joon = await house.visit('joon', 'Joon')
  const room = await makeRoom('Names', mina, joon)
  await say(mina, room, 'who am I')
  await enter(joon.page, 'Names')
  await joon.page.locator('article', { hasText: 'who am I' }).getByText('Mina', { exact: true }).waitFor()
  await joon.page.getByRole('link', { name: /Names/ }).waitFor()

  await settings(mina.page, 'profile')
  const name = mina.page.getByLabel('Display name')
  const save = mina.page.getByRole('button', { name: 'Save' })
  assert.equal(await save.isDisabled(), true, 'nothing to save yet')
  await name.fill('   ')
  await mina.page.getByText('Write a name that others can see.').waitFor()
  assert.equal(await save.isDisabled(), true)
  await name.fill('하늘 민아')
  await mina.page.locator('[data-preview]').getByText('하늘 민아').waitFor()
  await mina.page.locator('[data-preview]').getByText('하', { exact: true }).waitFor()
  await save.click()
  await mina.page.getByText('Your name was changed.').waitFor()
  await mina.page.reload()
  assert.equal(await name.inputValue(), '하늘 민아')
  await mina.page.getByText('@mina').waitFor()

  // A name is not asked for again within ten seconds.
  await joon.page.waitForTimeout(10_500)
  await joon.page.goto('/#/find')
  await joon.page.getByRole('heading', { name: 'Open rooms' }).waitFor()
  await joon.page.goto(`/#/r/${room}`)
  await joon.page.locator('article', { hasText: 'who am I' }).getByText('하늘 민아', { exact: true }).waitFor()
  await mina.context.close()
  await joon.context.close()
})

test('devices are told apart, and one or all others are signed out', async () => {
  const dana = await house.visit('dana', 'Dana')
  const { page } = dana
  const phone = await signIn('dana', IPHONE)
  const bot = await signIn('dana', 'dana-bot/2.0')
  await settings(page, 'devices')
  const rows = page.getByRole('listitem').filter({ hasText: 'Signed in' })
  await rows.filter({ hasText: 'Safari · iPhone' }).waitFor()
  const current = await rows.first().innerText()
  assert.match(current, /Chrome · Linux\s+This device\s+In use now/)
  assert.equal(await rows.first().getByRole('button').count(), 0)
  await rows.filter({ hasText: 'dana-bot' }).getByText('from 127.0.0.1').waitFor()

  await page.getByRole('button', { name: 'Sign out Safari · iPhone' }).click()
  await page.getByRole('button', { name: 'Cancel' }).click()
  assert.equal(await stillSignedIn(phone), true, 'asked first')
  await page.getByRole('button', { name: 'Sign out Safari · iPhone' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Sign out', exact: true }).click()
  await page.getByText('The device was signed out.').waitFor()
  await rows.filter({ hasText: 'Safari · iPhone' }).waitFor({ state: 'detached' })
  assert.equal(await stillSignedIn(phone), false)
  assert.equal(await stillSignedIn(bot), true)

  await page.getByRole('button', { name: 'Sign out all other devices' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Sign out', exact: true }).click()
  await page.getByText('You are signed in nowhere else.').waitFor()
  assert.equal(await rows.count(), 1)
  assert.equal(await stillSignedIn(bot), false)
  await dana.context.close()
})

test('a page whose session is ended elsewhere says so at the door, and keeps what was written', async () => {
  const eun = await house.visit('eun', 'Eun')
  const { page } = eun
  await makeRoom('Drafts', eun)
  await enter(page, 'Drafts')
  await page.locator('#composer').fill('half a thought')
  await eun.call('DELETE', '/me/sessions')
  await page.getByText('You were signed out.').waitFor()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()

  await page.getByLabel('User name').fill('eun')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.keyboard.press('Enter')
  await page.locator('[role=log][data-state=live]').waitFor()
  assert.equal(await page.locator('#composer').inputValue(), 'half a thought')
  await eun.context.close()
})

test('what is half written in two tabs is kept of both', async () => {
  const kai = await house.visit('kai', 'Kai')
  const { page, context } = kai
  const [first, second] = [await makeRoom('One', kai), await makeRoom('Two', kai)]
  const other = await context.newPage()
  const at = async (tab: Page, room: string) => {
    await tab.goto(`/#/r/${room}`)
    await tab.locator('[role=log][data-state=live]').waitFor()
  }
  await at(page, first)
  await at(other, second)
  await page.locator('#composer').fill('here')
  await other.locator('#composer').fill('there')
  await page.locator('#composer').fill('here and now')
  await page.reload()
  await at(page, second)
  assert.equal(await page.locator('#composer').inputValue(), 'there')
  await at(page, first)
  assert.equal(await page.locator('#composer').inputValue(), 'here and now')
  await context.close()
})

test('a changed password signs the other devices out, and a wrong one is told at its field', async () => {
  const fay = await house.visit('fay', 'Fay')
  const { page } = fay
  const other = await signIn('fay', IPHONE)
  await settings(page, 'password')
  await page.getByText('Your other devices are signed out when you change it.').waitFor()
  const submit = page.getByRole('button', { name: 'Change the password' })
  const current = page.getByLabel('Current password')
  const next = page.getByLabel('New password')
  await next.fill('short')
  await submit.click()
  await page.getByText('Enter your current password.').waitFor()
  await page.getByText('The password needs at least 8 characters.').waitFor()
  await current.fill(PASSWORD)
  await next.fill(PASSWORD)
  await page.getByText('That is the password you have now.').waitFor()
  await next.fill('fayfay12')
  await page.getByText('Easy to guess').waitFor()
  await next.fill('a river runs by here')
  await page.getByText('Hard to guess').waitFor()
  await current.fill('not my password')
  await submit.click()
  await page.getByText('That is not your current password.').waitFor()
  assert.equal(await stillSignedIn(other), true)
  await current.fill(PASSWORD)
  await submit.click()
  await page.getByText('The password was changed.').waitFor()
  assert.equal(await current.inputValue(), '')
  assert.equal(await stillSignedIn(other), false)
  await page.reload()
  await page.getByRole('heading', { name: 'Settings' }).waitFor()
  await fay.context.close()
})

test('signing out leaves nothing of the person in the browser, and other tabs follow at once', async () => {
  const gil = await house.visit('gil', 'Gil')
  const { page, context } = gil
  const room = await makeRoom('Secrets', gil)
  const second = await context.newPage()
  await second.goto(`/#/r/${room}`)
  await second.locator('[role=log][data-state=live]').waitFor()
  await second.locator('#composer').fill('a secret draft')
  await second.evaluate(`localStorage.setItem('yeoul.emoji', JSON.stringify({ state: { recent: ['🤫 secret'] } }))`)
  await enter(page, 'Secrets')
  // A message that cannot be sent stays in the browser.
  await context.setOffline(true)
  await write(page, 'a secret message')
  await page.getByText('a secret message').waitFor()
  await page.getByRole('button', { name: 'Account and settings' }).click()
  await page.getByRole('menuitemradio', { name: 'Dark' }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.getByText('1 message was not sent yet and will be lost.').waitFor()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.getByText('a secret message').waitFor()
  await page.getByRole('button', { name: 'Account and settings' }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Sign out', exact: true }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await second.getByRole('heading', { name: 'Sign in' }).waitFor()
  assert.equal(await second.getByText('You were signed out').count(), 0, 'it was their own wish')
  assert.ok(!second.url().includes(room))

  // The server could not be told yet: the next visit is nobody's all the same.
  const cookie = async () => (await context.cookies(`${house.server.url}/api/v1/auth`)).length
  assert.equal(await cookie(), 1)
  await context.setOffline(false)
  await eventually(
    async () => (await cookie()) === 0,
    () => 'the cookie is still there',
  )
  await page.reload()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()

  const kept = await Promise.all([page, second].map((tab) => tab.evaluate(everythingKept)))
  for (const text of kept) assert.doesNotMatch(text, /secret|Secrets|gil/i)
  assert.match(kept[0]!, /yeoul\.settings/, 'how the browser looks is nobody’s')

  // Signing in again in one of them brings the other back too.
  await page.getByLabel('User name').fill('gil')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.keyboard.press('Enter')
  await enter(page, 'Secrets')
  await enter(second, 'Secrets')
  assert.equal(await page.locator('#composer').inputValue(), '')
  await context.close()
})

/** All that scripts of the page can reach in its storage, as text. Runs in the page. */
const everythingKept = `(async () => {
  const found = [document.cookie, location.href, JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage })]
  for (const { name } of await indexedDB.databases()) {
    const db = await new Promise((resolve) => (indexedDB.open(name).onsuccess = (event) => resolve(event.target.result)))
    for (const store of db.objectStoreNames) {
      const all = db.transaction(store).objectStore(store).getAll()
      found.push(JSON.stringify(await new Promise((resolve) => (all.onsuccess = () => resolve(all.result)))))
    }
    db.close()
  }
  return found.join(' ')
})()` as unknown as () => Promise<string>

test('a sign-out that the server could not be told of holds over a reload', async () => {
  const jin = await house.visit('jin', 'Jin')
  const { page, context } = jin
  await context.route('**/api/v1/auth/logout', (route) => route.abort())
  await page.getByRole('button', { name: 'Account and settings' }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.reload()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await context.unroute('**/api/v1/auth/logout')
  await page.reload()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  const cookie = async () => (await context.cookies(`${house.server.url}/api/v1/auth`)).length
  await eventually(
    async () => (await cookie()) === 0,
    () => 'the cookie is still there',
  )
  await context.close()
})

test('text size and what Enter does are chosen once and kept, before the first paint and in other tabs', async () => {
  const hae = await house.visit('hae', 'Hae')
  const { page } = hae
  await makeRoom('Keys', hae)
  await settings(page, 'appearance')
  const size = (on: Page) => on.evaluate('getComputedStyle(document.documentElement).fontSize')
  assert.equal(await size(page), '16px')
  const other = await hae.context.newPage()
  await other.goto('/')
  await other.getByRole('link', { name: /Keys/ }).waitFor()
  await page.getByRole('button', { name: 'Larger' }).click()
  assert.equal(await size(page), '20px')
  await eventually(
    async () => (await size(other)) === '20px',
    () => 'the other tab keeps its size',
  )
  await page.getByRole('button', { name: 'Starts a new line' }).click()
  await page.reload({ waitUntil: 'commit' })
  await page.locator('html[data-theme]').waitFor()
  assert.equal(await size(page), '20px')

  await enter(page, 'Keys')
  await page.locator('#composer').focus()
  await page.keyboard.type('first')
  await page.keyboard.press('Enter')
  await page.keyboard.type('second')
  assert.equal(await page.locator('#composer').inputValue(), 'first\nsecond')
  await page.keyboard.press('Control+Enter')
  await page.locator('article[data-seq]', { hasText: 'first' }).waitFor()
  assert.equal(await page.locator('#composer').inputValue(), '')
  await hae.context.close()
})

test('where registration is closed the page offers none, and says who makes accounts', async () => {
  const closed = await openHouse({ registration: 'closed' })
  try {
    const { page, context } = await closed.open()
    await page.goto('/')
    await page.getByText('New accounts are made by the administrator of this server.').waitFor()
    assert.equal(await page.getByRole('button', { name: 'New here?' }).count(), 0)
    await context.close()
  } finally {
    await closed.close()
  }
})

test('after too many attempts the page counts down to when the next one is taken', async () => {
  const limited = await openHouse({ rateLimit: true })
  try {
    await register(limited.server, 'iri', 'Iri')
    const { page, context } = await limited.open()
    await page.goto('/')
    await page.getByLabel('User name').fill('iri')
    const password = page.getByLabel('Password', { exact: true })
    const submit = page.getByRole('button', { name: 'Sign in', exact: true })
    const pause = page.getByText(/You can try again in \d+ seconds?/)
    for (let i = 0; i < 30 && !(await pause.isVisible()); i++) {
      await password.fill(`guess ${i}`)
      await submit.click()
      await page.getByText('The user name or the password is wrong.').or(pause).waitFor()
    }
    const left = async () => Number(/in (\d+)/.exec(await pause.innerText())?.[1])
    const first = await left()
    assert.equal(await submit.isDisabled(), true)
    await page.getByText(new RegExp(`in ${first} second`)).waitFor({ state: 'detached' })
    assert.ok((await left()) < first)
    await context.close()
  } finally {
    await limited.close()
  }
})

test('Caps Lock is noticed, the password can be looked at, and what is missing is told at its field', async () => {
  const { page, context } = await house.open()
  await page.goto('/')
  const password = page.getByLabel('Password', { exact: true })
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByText('Enter your user name.').waitFor()
  await page.getByText('Enter your password.').waitFor()
  assert.equal(await page.evaluate('document.activeElement.name'), 'username')
  await page.getByLabel('User name').fill('somebody')
  await password.fill('secret')
  await password.focus()
  const key = (type: string, modifierCapsLock: boolean) =>
    page.evaluate(
      `document.activeElement.dispatchEvent(new KeyboardEvent('${type}', { key: 'A', bubbles: true, modifierCapsLock: ${modifierCapsLock} }))`,
    )
  await key('keydown', true)
  await page.getByText('Caps Lock is on.').waitFor()
  await key('keyup', false)
  await page.getByText('Caps Lock is on.').waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Show the password' }).click()
  assert.equal(await password.getAttribute('type'), 'text')
  await page.getByRole('button', { name: 'Hide the password' }).click()
  assert.equal(await password.getAttribute('type'), 'password')
  await context.close()
})
