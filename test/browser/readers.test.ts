import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.ts'
import { enter, type House, makeRoom, openHouse, register, say } from './visit.ts'

let house: House
before(async () => {
  house = await openHouse({ limits: { ...DEFAULT_LIMITS, readReceiptMembers: 4 } })
})
after(() => house.close())

test('who has read a message and who has not is told by name, as it changes; who came later is in neither list', async () => {
  const nia = await house.visit('nia', 'Nia')
  const oki = await house.visit('oki', '오키')
  const pia = await register(house.server, 'pia', 'Pia')
  const room = await makeRoom('Ledger', nia, oki, pia)
  await enter(nia.page, 'Ledger')
  const seq = await say(nia, room, 'the sums are done')
  const late = await register(house.server, 'qua', 'Qua')
  await late.call('POST', `/rooms/${room}/join`)
  // What comes in moves the rows: it is waited for before the pointer goes to one.
  await nia.page.getByRole('log').getByText('Qua joined').waitFor()
  await nia.page.locator('article', { hasText: 'the sums are done' }).hover()
  await nia.page.getByRole('button', { name: 'More' }).click()
  await nia.page.getByRole('menuitem', { name: 'Read by' }).click()
  const dialog = nia.page.getByRole('dialog')
  const waiting = dialog.getByRole('list', { name: 'Not yet — 2' })
  await waiting.getByText('오키').waitFor()
  await waiting.getByText('Pia').waitFor()
  await enter(oki.page, 'Ledger')
  await dialog.getByRole('list', { name: 'Read — 1' }).getByText('오키').waitFor()
  await dialog.getByRole('list', { name: 'Not yet — 1' }).getByText('Pia').waitFor()
  await pia.call('PUT', `/rooms/${room}/read`, { seq })
  await dialog.getByRole('list', { name: 'Read — 2' }).getByText('Pia').waitFor()
  await dialog.getByText('Everybody has read it.').waitFor()
  assert.equal(await dialog.getByText('Qua').count(), 0)
  await nia.page.keyboard.press('Escape')

  // A message of somebody else tells it too, until the room is larger than the server tells readers of.
  await say(pia, room, 'thank you')
  const other = nia.page.locator('article', { hasText: 'thank you' })
  await other.hover()
  await other.getByRole('button', { name: 'More' }).click()
  await nia.page.getByRole('menuitem', { name: 'Read by' }).waitFor()
  await nia.page.keyboard.press('Escape')
  const fifth = await register(house.server, 'rho', 'Rho')
  await fifth.call('POST', `/rooms/${room}/join`)
  await nia.page.getByText('5 members').waitFor()
  await nia.page.getByRole('log').getByText('Rho joined').waitFor()
  await other.hover()
  await other.getByRole('button', { name: 'More' }).click()
  await nia.page.getByRole('menuitem', { name: 'Copy the text' }).waitFor()
  assert.equal(await nia.page.getByRole('menuitem', { name: 'Read by' }).count(), 0)
  for (const { context } of [nia, oki]) await context.close()
})
