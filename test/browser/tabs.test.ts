import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { eventually } from '../support/witnesses.ts'
import { enter, type House, makeRoom, openHouse, PASSWORD, register, say, type Visit, write } from './visit.ts'

let house: House
let writer: Pick<Visit, 'call' | 'id'>
let reader: Visit
let room: string
before(async () => {
  house = await openHouse()
  writer = await register(house.server, 'writer', '글쓴이')
  reader = await house.visit('reader', '읽는이')
  room = await makeRoom('Shared room', writer, reader)
})
after(() => house.close())

/** What the list says of the room, and the tab's title. */
const unreadShown = (page: Page, count: number) =>
  count === 0
    ? page.getByText(/\d+ unread message/).waitFor({ state: 'detached' })
    : page.getByText(`${count} unread message`).waitFor({ state: 'attached' })
async function titled(page: Page, count: number): Promise<void> {
  let title = ''
  await eventually(
    async () => {
      title = await page.title()
      return title === (count === 0 ? 'Yeoul' : `(${count}) Yeoul`)
    },
    () => `the title is ${title}, not that of ${count} unread`,
  )
}

async function elsewhere(): Promise<Page> {
  const { page, context } = await house.open()
  const data = { username: 'reader', password: PASSWORD, session: 'cookie' }
  assert.equal((await context.request.post('/api/v1/auth/login', { data })).status(), 200)
  await page.goto('/')
  await page.getByRole('link', { name: /Shared room/ }).waitFor()
  return page
}

test('what one tab reads is read in another tab and on another device, in the list and in the title', async () => {
  const tab = await reader.context.newPage()
  await tab.goto('/')
  const device = await elsewhere()
  for (let i = 1; i <= 3; i++) await say(writer, room, `news ${i}`)
  for (const page of [reader.page, tab, device]) {
    await unreadShown(page, 3)
    await titled(page, 3)
  }
  await tab.bringToFront()
  await enter(tab, 'Shared room')
  for (const page of [tab, reader.page, device]) {
    await unreadShown(page, 0)
    await titled(page, 0)
  }
  await say(writer, room, 'read at once')
  await tab.getByRole('log').getByText('read at once').waitFor()
  for (const page of [tab, reader.page, device]) await unreadShown(page, 0)

  // One's own message is read everywhere, in whichever tab it was written.
  await write(tab, 'from the tab')
  await device.getByText('You: from the tab').waitFor()
  for (const page of [reader.page, device]) await unreadShown(page, 0)
  await tab.close()
  await device.context().close()
})

/** The device loses its network, and the reader reads the room elsewhere. */
async function readWhileOffline(device: Page): Promise<void> {
  await device.context().setOffline(true)
  await device
    .getByText(/offline|No connection|Reconnecting/i)
    .first()
    .waitFor()
  await reader.page.bringToFront()
  await enter(reader.page, 'Shared room')
  await unreadShown(reader.page, 0)
}

test('a tab that was offline learns what another one read meanwhile', async () => {
  const device = await elsewhere()
  await say(writer, room, 'before the tunnel')
  await unreadShown(device, 1)
  await readWhileOffline(device)
  // What comes while both are away from it is unread in both.
  await reader.page.goto('/#/')
  await say(writer, room, 'in the tunnel')
  await unreadShown(reader.page, 1)
  await device.context().setOffline(false)
  await device.getByText('1 unread message').waitFor({ state: 'attached' })
  await titled(device, 1)
  await enter(reader.page, 'Shared room')
  await unreadShown(device, 0)
  await device.context().close()
})

test('a tab that was offline and has nothing new to fetch shows no more what was read elsewhere', async () => {
  const device = await elsewhere()
  await reader.page.goto('/#/')
  await say(writer, room, 'read in the other place')
  await unreadShown(device, 1)
  await unreadShown(reader.page, 1)
  await readWhileOffline(device)
  await device.context().setOffline(false)
  await unreadShown(device, 0)
  await titled(device, 0)
  await device.context().close()
})
