import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { eventually } from '../support/witnesses.ts'
import { type House, makeRoom, openHouse, register, say, type Visit, visitAdmin } from './visit.ts'

let house: House
let root: Visit
before(async () => {
  house = await openHouse()
  root = await visitAdmin(house)
})
after(() => house.close())

const chart = (page: Page, title: string) =>
  page.getByRole('img', { name: new RegExp(`^${title}, the last ten minutes`) })

/** The pixels of a chart's canvas as one text, to be compared; and how many of them are of the colour of `token`. */
async function drawn(page: Page, title: string, token: string): Promise<{ picture: string; inked: number }> {
  await chart(page, title).waitFor()
  return page.evaluate(`(${PIXELS})(document.querySelector('[role=img][aria-label^="${title},"] canvas'), '${token}')`)
}

const PIXELS = `(canvas, token) => {
  const probe = document.createElement('canvas').getContext('2d')
  probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(token)
  probe.fillRect(0, 0, 1, 1)
  const [r, g, b] = probe.getImageData(0, 0, 1, 1).data
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  let inked = 0
  for (let i = 0; i < data.length; i += 4) {
    const near = Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 12
    if (near && data[i + 3] > 240) inked++
  }
  return { picture: canvas.toDataURL(), inked }
}`

test('the overview shows what the server holds, and its charts draw and move with what happens', async () => {
  const refused: string[] = []
  root.page.on('console', (line) => line.type() === 'error' && refused.push(line.text()))
  await root.page.goto('/#/admin/overview')
  await chart(root.page, 'Connections').waitFor()
  await eventually(
    async () => (await drawn(root.page, 'Connections', '--accent')).inked > 5,
    () => 'no line of connections',
  )
  const quiet = await drawn(root.page, 'Messages a second', '--accent')

  const jo = await register(house.server, 'jo', 'Jo')
  const room = await makeRoom('Busy', jo, root)
  let lines = 0
  await eventually(
    async () => {
      for (let i = 0; i < 10; i++) await say(jo, room, `line ${lines++}`)
      const name = await chart(root.page, 'Messages a second').getAttribute('aria-label')
      const highest = /The highest: ([\d.]+)/.exec(name!)?.[1]
      return Number(highest) > 1
    },
    () => 'the messages do not show',
  )
  await eventually(
    async () => (await drawn(root.page, 'Messages a second', '--accent')).picture !== quiet.picture,
    () => 'the line did not move',
  )
  await root.page.getByText(String(lines), { exact: true }).waitFor()

  await root.page.getByRole('button', { name: 'Show as a table' }).click()
  const table = root.page.getByRole('table')
  await table.getByRole('columnheader', { name: 'Time to deliver (p99)' }).waitFor()
  assert.ok((await table.getByRole('row').count()) >= 2)
  assert.deepEqual(refused, [], 'the content policy was not broken')
})

test('a chart takes the colours of the theme and the width of the page', async () => {
  await root.page.emulateMedia({ colorScheme: 'light' })
  await root.page.goto('/#/admin/overview')
  await eventually(
    async () => (await drawn(root.page, 'Connections', '--accent')).inked > 5,
    () => 'no light line',
  )
  const light = await root.page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--accent')")
  await root.page.emulateMedia({ colorScheme: 'dark' })
  await root.page.locator('html[data-theme=dark]').waitFor()
  await eventually(
    async () => (await drawn(root.page, 'Connections', '--accent')).inked > 5,
    () => 'no dark line',
  )
  assert.notEqual(
    await root.page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--accent')"),
    light,
  )
  await root.page.setViewportSize({ width: 360, height: 740 })
  const canvas = chart(root.page, 'Connections').locator('canvas')
  await eventually(
    async () => (await canvas.boundingBox())!.width < 340,
    () => 'the chart kept its width',
  )
  assert.equal(await root.page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true)
  await root.page.setViewportSize({ width: 1200, height: 760 })
})

test('while the tab is hidden nothing is asked; when it is seen again the charts are caught up', async () => {
  const page = await root.context.newPage()
  await page.clock.install()
  await page.goto('/#/admin/overview')
  await chart(page, 'Connections').waitFor()
  let asked = 0
  page.on('request', (request) => {
    if (request.url().includes('/admin/figures')) asked++
  })
  const passes = async () => {
    await page.clock.runFor(2_000)
    return asked > 0
  }
  await eventually(passes, () => 'the figures are not asked again')
  await page.evaluate(SEEN('hidden'))
  asked = 0
  // Of the page's own time, with the time for an answer between; what was on its way at that moment may still ask once.
  for (let i = 0; i < 6; i++) {
    await page.clock.runFor(4_000)
    await page.evaluate("fetch('/healthz').then((answer) => answer.text())")
  }
  assert.ok(asked <= 1, `asked ${asked} times while hidden`)
  await page.evaluate(SEEN('visible'))
  asked = 0
  await eventually(passes, () => 'the figures are not asked again')
  await page.close()
})

const SEEN = (state: string) => `
  Object.defineProperty(document, 'visibilityState', { value: '${state}', configurable: true })
  document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))`

test('one node says that this is the normal case, and that nothing is parked is good news', async () => {
  await root.page.goto('/#/admin/nodes')
  await root.page.getByText('That is the normal case for a small server').waitFor()
  const node = root.page.getByRole('main').getByRole('listitem')
  assert.equal(await node.count(), 1)
  await node.getByText('Ready', { exact: true }).waitFor()
  await root.page.goto('/#/admin/parked')
  await root.page.getByText('Nothing is parked').waitFor()
})
