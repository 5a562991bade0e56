import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { enter, type House, makeRoom, openHouse, register, say, until, type Visit } from './visit.ts'

let house: House
before(async () => {
  house = await openHouse()
})
after(() => house.close())

/** The system shows nothing in a test: the page's notifications and notes are kept where the test finds them. */
const OBSERVED = `
  window.shown = []
  const permission = Object.getOwnPropertyDescriptor(Notification, 'permission')
  window.Notification = class {
    static get permission() { return window.pretended ?? permission.get.call(Notification) }
    static async requestPermission() { window.asked = (window.asked ?? 0) + 1; return this.permission }
    constructor(title, options) { Object.assign(this, options, { title, closed: false }); window.shown.push(this) }
    close() { this.closed = true; this.onclose?.() }
  }
  window.notes = 0
  const start = OscillatorNode.prototype.start
  OscillatorNode.prototype.start = function (...at) { window.notes++; return start.apply(this, at) }
`

interface Shown {
  title: string
  body: string
  closed: boolean
}
const shownIn = (page: Page): Promise<Shown[]> =>
  page.evaluate('shown.map(({ title, body, closed }) => ({ title, body, closed }))')
const untilShown = (page: Page, count: number) => until(page, `shown.filter((one) => !one.closed).length === ${count}`)

async function arrive(username: string, name: string, granted = true, locale = 'en-GB'): Promise<Visit> {
  const visit = await house.visit(username, name, { locale })
  if (granted) await visit.context.grantPermissions(['notifications'], { origin: house.server.url })
  await visit.context.addInitScript(OBSERVED)
  await visit.page.reload()
  await visit.page.getByRole('heading', { level: 1 }).waitFor()
  return visit
}

async function turnOn(page: Page): Promise<void> {
  await page.goto('/#/settings/notifications')
  const toggle = page.getByRole('switch', { name: 'Show notifications' })
  assert.equal(await toggle.getAttribute('aria-checked'), 'false')
  await toggle.click()
  await page.getByRole('switch', { name: 'Show notifications', checked: true }).waitFor()
}

/** A tab where nobody looks at this one: the test's tabs all believe to have the focus. */
async function lookAway(page: Page, away = true): Promise<void> {
  await page.evaluate(`document.hasFocus = () => ${!away}`)
}

test('a new message calls, with its room and its text; a click opens it; reading takes it away', async () => {
  const eun = await arrive('eun', 'Eun')
  const fay = await register(house.server, 'fay', 'Fay')
  const room = await makeRoom('Harbour', eun, fay)
  await say(fay, room, 'before the page was opened')
  await eun.page.reload()
  await eun.page.getByText('Fay: before the page was opened').waitFor()
  await turnOn(eun.page)
  assert.equal(await eun.page.evaluate('window.asked ?? 0'), 0, 'a permission that is there is not asked for')
  const seq = await say(fay, room, 'the *boat* is in')
  await untilShown(eun.page, 1)
  assert.deepEqual(await shownIn(eun.page), [{ title: 'Harbour', body: 'Fay: the boat is in', closed: false }])
  await eun.page.evaluate('shown[0].onclick()')
  await eun.page.waitForURL(new RegExp(`#/r/${room}/${seq}$`))
  await eun.page.getByRole('log').getByText('boat').waitFor()
  // In the room, before the reader's eyes, nothing calls; when they look elsewhere it does.
  await say(fay, room, 'seen as it comes')
  // In the list: what notifies hears of it together with that.
  await eun.page
    .getByRole('link', { name: /Harbour/ })
    .getByText('seen as it comes')
    .waitFor()
  await lookAway(eun.page)
  await say(fay, room, 'you there?')
  await untilShown(eun.page, 1)
  assert.deepEqual(
    (await shownIn(eun.page)).map((one) => one.body),
    ['Fay: the boat is in', 'Fay: you there?'],
  )
  // Read, it is taken away.
  await lookAway(eun.page, false)
  await eun.page.evaluate("dispatchEvent(new Event('focus'))")
  await untilShown(eun.page, 0)
  await eun.context.close()
})

test('of several tabs one calls, and none while the room is looked at in any; when that one is closed another takes over', async () => {
  const gia = await arrive('gia', 'Gia')
  const hal = await register(house.server, 'hal', 'Hal')
  const room = await makeRoom('Shared', gia, hal)
  await turnOn(gia.page)
  const second = await gia.context.newPage()
  await second.goto('/')
  await second.getByRole('link', { name: /Shared/ }).waitFor()
  await say(hal, room, 'one')
  await untilShown(gia.page, 1)
  // Both tabs hear of it, and what the second would show it would have shown by the time of the next.
  await second.getByText('Hal: one').waitFor()
  await enter(second, 'Shared')
  await untilShown(gia.page, 0)
  await say(hal, room, 'two')
  // Known to be read in the first tab too: until then it may still ask whether anybody looks.
  const row = gia.page.getByRole('link', { name: /Shared/ })
  await row.getByText('Hal: two').waitFor()
  await row.getByText('unread').waitFor({ state: 'detached' })
  await lookAway(second)
  await say(hal, room, 'three')
  await untilShown(gia.page, 1)
  assert.deepEqual(
    (await shownIn(gia.page)).map((one) => one.body),
    ['Hal: one', 'Hal: three'],
  )
  assert.deepEqual(await shownIn(second), [])
  await gia.page.close()
  // The other takes over once the browser has given it the lock; only then is anything new told there.
  await until(
    second,
    "navigator.locks.query().then(({ held, pending }) => [held, pending].map((locks) => locks.filter(({ name }) => name.startsWith('yeoul.notifier')).length).join() === '1,0')",
  )
  await say(hal, room, 'four')
  await until(second, 'shown.length === 1')
  assert.equal((await shownIn(second))[0]?.body, 'Hal: four')
  await gia.context.close()
})

test('levels, direct messages, the hidden text and the language: what is told is what was chosen', async () => {
  const ivo = await arrive('ivo', '이보', true, 'ko-KR')
  const jin = await register(house.server, 'jin', '진')
  const calm = await makeRoom('잔잔한 방', ivo, jin)
  const mute = await makeRoom('조용한 방', ivo, jin)
  const pair = await jin.call<{ id: string }>('POST', '/rooms', { kind: 'direct', memberIds: [ivo.id] })
  await ivo.call('PUT', `/rooms/${calm}/notify`, { notify: 'mentions' })
  await ivo.call('PUT', `/rooms/${mute}/notify`, { notify: 'none' })
  await ivo.page.goto('/#/settings/notifications')
  await ivo.page.getByRole('switch', { name: '알림 표시' }).click()
  await ivo.page
    .getByRole('group', { name: '‘조용한 방’의 알림' })
    .getByRole('button', { name: '알림 끄기', pressed: true })
    .waitFor()
  await say(jin, mute, '@ivo 들리나요')
  await say(jin, calm, '그냥 하는 말')
  await say(jin, calm, '@ivo 님 봐 주세요')
  await untilShown(ivo.page, 1)
  await say(jin, pair.id, '둘만의 이야기')
  await untilShown(ivo.page, 2)
  await ivo.page.getByRole('switch', { name: '메시지 내용 숨기기' }).click()
  await say(jin, pair.id, '비밀')
  await until(ivo.page, 'shown.length === 3')
  await say(jin, calm, '@ivo 비밀')
  await until(ivo.page, 'shown.length === 4')
  assert.deepEqual(
    (await shownIn(ivo.page)).map(({ title, body }) => [title, body]),
    [
      ['잔잔한 방', '진: @이보 님 봐 주세요'],
      ['진', '둘만의 이야기'],
      ['진', '진님이 메시지를 보냈습니다'],
      ['잔잔한 방', '진님이 나를 불렀습니다'],
    ],
  )
  await ivo.context.close()
})

test('a notification gives way to what came after it alone, and in a hot room not more than once a second', async () => {
  const sil = await arrive('sil', 'Sil')
  const tom = await register(house.server, 'tom', 'Tom')
  const room = await makeRoom('Slow words', sil, tom)
  const { page } = sil
  const asked = Promise.withResolvers<void>()
  const answered = Promise.withResolvers<void>()
  let alone = true
  // The mention comes without the message that the list of rooms would bring.
  await page.routeWebSocket('**/ws', (near) => {
    near.connectToServer().onMessage((frame) => {
      const pushes = [JSON.parse(String(frame))].flat().filter(({ push }) => !alone || push !== 'heads')
      if (pushes.length > 0) near.send(JSON.stringify(pushes))
    })
  })
  await page.route(`**/rooms/${room}/messages*`, async (route) => {
    asked.resolve()
    await answered.promise
    await route.continue()
  })
  await page.reload()
  await turnOn(page)
  await page.getByRole('link', { name: /Slow words/ }).waitFor()
  await page.locator('[data-connection=online]').waitFor({ state: 'attached' })
  await say(tom, room, 'a call for @sil')
  await asked.promise
  alone = false
  await say(tom, room, 'and a word after it')
  await untilShown(page, 1)
  const late = page.waitForResponse((response) => response.url().includes(`/rooms/${room}/messages`))
  answered.resolve()
  await (await late).finished()
  await say(tom, room, 'and one more')
  await until(page, "shown.at(-1).body === 'Tom: and one more'")
  assert.deepEqual(
    (await shownIn(page)).map((one) => one.body),
    ['Tom: and a word after it', 'Tom: and one more'],
  )

  await lookAway(page)
  await enter(page, 'Slow words')
  const began = Date.now()
  for (let i = 1; i <= 40; i++) await say(tom, room, `quick ${i}`)
  await until(page, "shown.at(-1).body === 'Tom: quick 40'")
  const most = (Date.now() - began) / 1_000 + 2
  const quick = (await shownIn(page)).length - 2
  assert.ok(quick <= most, `${quick} notifications where ${most} are enough`)
  await sil.context.close()
})

test('a sound is played when it is wished for, once for what comes together, also without notifications', async () => {
  const kim = await arrive('kim', 'Kim')
  const lou = await register(house.server, 'lou', 'Lou')
  const room = await makeRoom('Bells', kim, lou)
  await turnOn(kim.page)
  await kim.page.getByRole('button', { name: 'Hear it' }).click()
  assert.equal(await kim.page.evaluate('notes'), 2)
  await say(lou, room, 'silent')
  await untilShown(kim.page, 1)
  assert.equal(await kim.page.evaluate('notes'), 2)
  await kim.page.getByRole('switch', { name: 'Show notifications' }).click()
  await kim.page.getByRole('switch', { name: 'Play a sound' }).click()
  await until(kim.page, 'notes === 4')
  await Promise.all([say(lou, room, 'ding'), say(lou, room, 'dong')])
  await until(kim.page, 'notes === 6')
  assert.equal((await shownIn(kim.page)).length, 1)
  await kim.context.close()
})

test('a browser that refuses says so in plain words, and nobody is asked before a click', async () => {
  const mia = await arrive('mia', 'Mia', false)
  await mia.page.goto('/#/settings/notifications')
  const toggle = mia.page.getByRole('switch', { name: 'Show notifications' })
  await mia.page.evaluate("window.pretended = 'default'")
  assert.equal(await mia.page.evaluate('window.asked ?? 0'), 0)
  await mia.context.addInitScript("window.pretended = 'default'")
  await mia.page.reload()
  await toggle.waitFor()
  // The person says no when the browser asks.
  await mia.page.evaluate(
    "Notification.requestPermission = async () => { window.asked = 1; window.pretended = 'denied'; return 'denied' }",
  )
  await toggle.click()
  await mia.page.getByText('Your browser does not let this page notify you.').waitFor()
  assert.equal(await mia.page.evaluate('window.asked'), 1)
  assert.equal(await toggle.getAttribute('aria-checked'), 'false')
  assert.equal(await toggle.isDisabled(), true)
  await mia.context.close()
})
