import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { axeFindings, cutOff, headingFaults, tooSmall } from './checks.ts'
import { PARTS } from './index.ts'
import { type Device, type Look, openTown, type Town } from './town.ts'
import { type Screen, Visitor } from './visitor.ts'

/** Widths in px at which a screen is looked at, by the device that has them. */
const WIDTHS = { desktop: [768, 1024, 1440, 1920], phone: [320, 360] }
const LOOKS = [
  { language: 'ko', theme: 'light' },
  { language: 'en', theme: 'dark' },
] as const

/**
 * Promises that no screen keeps anybody out of it on a device: nothing serious from axe, headings in their order, nothing cut off
 * at any width, and on a phone nothing too small for a finger. One town serves all of them.
 */
export function inspectEveryScreen(device: Device): void {
  const looks = device === 'desktop' ? 'in both languages and themes' : 'in both languages'
  let town: Town
  before(async () => {
    town = await openTown()
  })
  after(() => town.close())
  for (const [part, screens] of Object.entries(PARTS)) {
    test(`${part} on a ${device}: axe finds nothing serious and nothing is cut off, ${looks}`, async () => {
      const found: { screen: string; fault: string }[] = []
      for (const screen of screens) {
        // What keeps one screen from opening hides nothing of the others.
        await inspect(town, screen, device).then(
          (faults) => found.push(...faults.map((fault) => ({ screen: screen.name, fault }))),
          (error: Error) => found.push({ screen: screen.name, fault: `does not open: ${error.message}` }),
        )
      }
      assert.equal(found.length, 0, told(found))
    })
  }
}

/** Each fault once, with the screens that have it. */
function told(found: readonly { screen: string; fault: string }[]): string {
  const screens = Map.groupBy(found, ({ fault }) => fault)
  return [...screens]
    .map(([fault, where]) => `${fault}\n  on ${where.map(({ screen }) => screen).join(', ')}`)
    .join('\n')
}

async function inspect(town: Town, screen: Screen, device: Device): Promise<string[]> {
  const page = await screen.open(new Visitor(town, { ...LOOKS[0], device }))
  const size = page.viewportSize()!
  const found: string[] = []
  for (const look of LOOKS) {
    await wear(page, look)
    const note = (faults: string[], where = '') =>
      found.push(...faults.map((fault) => `(${look.language}${where}) ${fault}`))
    // The elements are the same in both looks, and on a phone so are the colours that a desk has shown.
    if (look === LOOKS[0]) note([...(await axeFindings(page)), ...(await headingFaults(page))])
    else if (device === 'desktop') note(await axeFindings(page, 'color-contrast'))
    if (device === 'phone') note(await tooSmall(page))
    for (const width of WIDTHS[device]) {
      await page.setViewportSize({ ...size, width })
      await drawn(page)
      note(await cutOff(page), `, ${width} px`)
    }
    await page.setViewportSize(size)
  }
  await page.evaluate("localStorage.removeItem('yeoul.settings')")
  return found
}

/** Two frames later: what follows the size of the window has followed. */
const drawn = (page: Page) =>
  page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))')

/** Changes the language and the theme of an open page, as another tab of the same profile would. */
async function wear(page: Page, { language, theme }: Omit<Look, 'device'>): Promise<void> {
  await page.evaluate(`localStorage.setItem('yeoul.settings', JSON.stringify({
    ...JSON.parse(localStorage.getItem('yeoul.settings') ?? '{}'),
    state: { ...JSON.parse(localStorage.getItem('yeoul.settings') ?? '{}').state, language: '${language}', theme: '${theme}' },
    version: 0,
  }))
  dispatchEvent(new StorageEvent('storage', { key: 'yeoul.settings' }))`)
  await page.locator(`html[lang=${language}][data-theme=${theme}]`).waitFor({ state: 'attached' })
  // Colours that change by and by are looked at when they have changed.
  await page.evaluate(
    'Promise.all(document.getAnimations().filter((each) => each.effect.getTiming().iterations !== Infinity).map((each) => each.finished.catch(() => {}))).then(() => {})',
  )
}
