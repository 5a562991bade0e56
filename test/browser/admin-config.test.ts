import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { enter, type House, makeRoom, openHouse, type Visit, visitAdmin, write } from './visit.ts'

const METRICS_TOKEN = 'token-of-this-test-alone'

let house: House
let root: Visit
before(async () => {
  house = await openHouse({ metricsToken: METRICS_TOKEN })
  root = await visitAdmin(house)
})
after(() => house.close())

/** The row of an option on the configuration page. */
const option = (page: Page, name: string) =>
  page.getByRole('listitem').filter({ has: page.getByRole('heading', { name, exact: false }) })

async function openConfig(page: Page): Promise<void> {
  // By way of another page, so that it begins anew.
  await page.goto('/#/admin/nodes')
  await page.goto('/#/admin/config')
  await page.getByRole('heading', { name: 'Sign-up' }).waitFor()
}

test('a limit changed on the page is in force at once, stands in the history, and goes back', async () => {
  const mia = await house.visit('mia', 'Mia')
  await makeRoom('Limits', mia)
  await enter(mia.page, 'Limits')
  await openConfig(root.page)
  await root.page.getByLabel('Search options').fill('no such thing')
  await root.page.getByText('Nothing found for “no such thing”').waitFor()
  await root.page.getByLabel('Search options').fill('longest message')
  assert.equal(await root.page.getByRole('heading', { level: 5 }).count(), 1)
  const row = option(root.page, 'Longest message')
  await row.getByText('default', { exact: true }).waitFor()
  await row.getByRole('button', { name: 'Change: Longest message' }).click()
  await row.getByRole('textbox').fill('0')
  await row.getByRole('button', { name: 'Save' }).click()
  await row.getByText('That cannot be the value. A whole number from 1 to').waitFor()
  await row.getByRole('textbox').fill('12')
  await row.getByRole('textbox').press('Enter')
  await row.getByText('changed here').waitFor()
  await row.getByText('12', { exact: true }).waitFor()
  const config = await root.call<{ items: { key: string; value: unknown }[] }>('GET', '/admin/config')
  assert.equal(config.items.find(({ key }) => key === 'limits.bodyLength')?.value, 12)
  // The page of somebody else was told, and so keeps what is too long.
  await assert.rejects(
    mia.call('POST', `/rooms/${roomOf(mia.page)}/messages`, { clientMessageId: 'long', body: 'x'.repeat(13) }),
    /body_too_long/,
  )
  await write(mia.page, 'twelve signs')
  await mia.page.getByRole('log').getByText('twelve signs').waitFor()

  const history = root.page.getByRole('list', { name: 'Changes so far' })
  await history.getByText(/^Longest message: [\d,]+ → 12$/).waitFor()
  await history.getByText('Root', { exact: true }).first().waitFor()
  await row.getByRole('button', { name: 'Change: Longest message' }).click()
  await row.getByRole('button', { name: 'Back to the start value' }).click()
  await row.getByText('changed here').waitFor({ state: 'detached' })
  await history.getByText('Longest message: 12 → the start value').waitFor()
  await mia.call('POST', `/rooms/${roomOf(mia.page)}/messages`, { clientMessageId: 'long2', body: 'x'.repeat(13) })
  await mia.context.close()
})

const roomOf = (page: Page) => /#\/r\/([\w-]+)/.exec(page.url())![1]

test('two administrators at once: what the other one set is shown before it is overwritten', async () => {
  await openConfig(root.page)
  const row = option(root.page, 'Heartbeat')
  await row.getByRole('button', { name: 'Change: Heartbeat' }).click()
  await root.call('PATCH', '/admin/config', { changes: { heartbeatMs: 30_000 } })
  await row.getByRole('textbox').fill('20000')
  await row.getByText('That is 20 seconds.').waitFor()
  await row.getByRole('button', { name: 'Save' }).click()
  await row.getByText('Meanwhile somebody else set this to: 30 seconds').waitFor()
  const config = await root.call<{ items: { key: string; value: unknown }[] }>('GET', '/admin/config')
  assert.equal(config.items.find(({ key }) => key === 'heartbeatMs')?.value, 30_000, 'nothing was overwritten')
  await row.getByRole('button', { name: 'Save mine' }).click()
  await row.getByText('20 seconds', { exact: true }).waitFor()
})

test('each option has the control that fits it, and the server has the last word', async () => {
  await openConfig(root.page)
  const signUp = option(root.page, 'Sign-up')
  await signUp.getByRole('button', { name: 'Change: Sign-up' }).click()
  await signUp.getByText('closed', { exact: true }).click()
  await signUp.getByRole('button', { name: 'Save' }).click()
  await signUp.getByText('changed here').waitFor()
  const refused = await fetch(`${house.server.url}/api/v1/auth/register`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username: 'late', password: 'correct horse' }),
  })
  assert.equal(refused.status, 403)

  const origins = option(root.page, 'Other pages that may connect')
  await origins.getByRole('button', { name: 'Change: Other pages' }).click()
  await origins.getByRole('textbox').fill('https://app.example.com\nnot an origin')
  await origins.getByRole('button', { name: 'Save' }).click()
  await origins.getByText('One of the lines is not what it must be').waitFor()
  await origins.getByRole('textbox').fill('https://app.example.com\nhttps://b.example.com')
  await origins.getByRole('button', { name: 'Save' }).click()
  await origins.getByText('https://app.example.com, https://b.example.com').waitFor()
  await root.page.keyboard.press('Escape')

  // Secrets are never shown, and what is fixed at the start cannot be changed here.
  await option(root.page, 'Signing key before').getByText('not set', { exact: true }).waitFor()
  await option(root.page, 'Token for metrics').getByText('set, not shown', { exact: true }).waitFor()
  assert.equal(await root.page.getByText(METRICS_TOKEN).count(), 0)
  await option(root.page, 'API key').getByText('Only where the server is started').waitFor({ state: 'attached' })
  await root.page.getByRole('button', { name: 'Only what is not default' }).click()
  await option(root.page, 'Sign-up').waitFor()
  assert.equal(await option(root.page, 'Redis').count(), 0)
  await signUp.getByRole('button', { name: 'Change: Sign-up' }).click()
  await signUp.getByRole('button', { name: 'Back to the start value' }).click()
  await signUp.waitFor({ state: 'detached' })
})

test('the administration is not for others: the address says so, and the menu has no way there', async () => {
  const ned = await house.visit('ned', 'Ned', { locale: 'ko-KR' })
  await ned.page.getByRole('button', { name: '계정과 설정' }).click()
  await ned.page.getByRole('menuitem', { name: '설정' }).waitFor()
  assert.equal(await ned.page.getByRole('menuitem', { name: '관리' }).count(), 0)
  await ned.page.keyboard.press('Escape')
  await ned.page.goto('/#/admin/users')
  await ned.page.getByText('관리자만 볼 수 있습니다').waitFor()
  await ned.context.close()
})
