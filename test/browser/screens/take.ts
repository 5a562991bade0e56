/**
 * `npm run screens`: a picture of every screen of the page, into docs/screens/. `npm run screens -- emoji admin` takes only
 * those whose name holds one of the words. The clocks show the same time in each run, so that little differs between two.
 */
import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { SCREENS } from './index.ts'
import { type Look, openTown, type Town } from './town.ts'
import { type Screen, Visitor } from './visitor.ts'

const folder = fileURLToPath(new URL('../../../docs/screens/', import.meta.url))

/** A Friday afternoon in Seoul. */
const AT = Date.UTC(2026, 10, 20, 5, 32)

const KO_LIGHT = { language: 'ko', theme: 'light' } as const
const KO_DARK = { language: 'ko', theme: 'dark' } as const
const EN_LIGHT = { language: 'en', theme: 'light' } as const
const EN_DARK = { language: 'en', theme: 'dark' } as const

/** What most people see first is shown in every look. */
const SHOWN_IN_ALL = ['sign-in', 'conversation']

/** Each screen at both widths; the languages and themes take turns. */
function looksOf(screen: Screen, i: number): Look[] {
  if (SHOWN_IN_ALL.includes(screen.name)) {
    return [KO_LIGHT, KO_DARK, EN_LIGHT, EN_DARK].flatMap((look) => [
      { ...look, device: 'desktop' as const },
      { ...look, device: 'phone' as const },
    ])
  }
  const turns = [KO_LIGHT, EN_DARK, EN_LIGHT, KO_DARK]
  return [
    { ...turns[i % 4]!, device: 'desktop' },
    { ...turns[(i + 1) % 4]!, device: 'phone' },
  ]
}

const fileOf = (screen: Screen, look: Look) => `${screen.name}-${look.device}-${look.language}-${look.theme}.webp`

async function take(town: Town, screen: Screen, look: Look): Promise<number> {
  const page = await screen.open(new Visitor(town, look))
  await settled(page)
  const session = await page.context().newCDPSession(page)
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 88 })
  const file = join(folder, fileOf(screen, look))
  await writeFile(file, Buffer.from(data, 'base64'))
  return (await stat(file)).size
}

/** Nothing moves any more, and no caret blinks. */
async function settled(page: Page): Promise<void> {
  await page.waitForLoadState('networkidle')
  await page.evaluate('document.fonts.ready.then(() => {})')
  await page.evaluate(
    'Promise.all(document.getAnimations().filter((each) => each.effect.getTiming().iterations !== Infinity).map((each) => each.finished.catch(() => {}))).then(() => {})',
  )
  await page.evaluate('document.documentElement.style.caretColor = "transparent"')
}

function index(): string {
  const lines = SCREENS.map((screen, i) => {
    const looks = looksOf(screen, i)
    const links = looks.map((look) => `[${words(look)}](${fileOf(screen, look)})`)
    return `| ${screen.title} | ${links.join(' · ')} |`
  })
  return `# The page in pictures

Made by \`npm run screens\` on the demo (\`npm run yeoul -- seed --demo\`): every screen at the width of a desk and of a phone, the
languages and themes by turns.

| Screen | Pictures |
|---|---|
${lines.join('\n')}
`
}

const words = ({ device, language, theme }: Look) => `${device}, ${language === 'ko' ? 'Korean' : 'English'}, ${theme}`

const wanted = process.argv.slice(2)
await mkdir(folder, { recursive: true })
const town = await openTown({ at: AT, phoneScale: 2 })
let bytes = 0
const failures: string[] = []
for (const [i, screen] of SCREENS.entries()) {
  if (wanted.length > 0 && !wanted.some((word) => screen.name.includes(word))) continue
  for (const look of looksOf(screen, i)) {
    try {
      bytes += await take(town, screen, look)
    } catch (error) {
      failures.push(`${fileOf(screen, look)}: ${(error as Error).message}`)
      await rm(join(folder, fileOf(screen, look)), { force: true })
    }
  }
}
await town.close()
if (wanted.length === 0) await writeFile(join(folder, 'README.md'), index())
console.log(`${Math.round(bytes / 1024)} KiB of pictures.`)
for (const failure of failures) console.error(failure)
if (failures.length > 0) process.exitCode = 1
