import { type CDPSession, chromium } from 'playwright-core'
import { buildIfStale } from '../../web/build-if-stale.ts'
import { sleep } from '../generator/clock.ts'
import { millis, number } from '../measure/report.ts'
import type { Person } from '../servers/people.ts'
import { Yeoul } from '../servers/yeoul-server.ts'
import { fill, populate } from './fill.ts'
import { PageWatch, type Seen } from './page-watch.ts'
import type { Options, Outcome, Scenario } from './scenario.ts'
import { Talkers } from './talkers.ts'

const TITLE = 'a room of thousands'
/** Connections that send in turn. */
const TALKERS = 10
const TYPED = 'typing while the room is hot '
const KEYS_EVERY_MS = 120
/** Messages at the end that are walked back through, to see that none is missing. */
const WALKED = 1_000
const rowOf = (seq: number) => `article[data-seq="${seq}"]`

export const page: Scenario = {
  name: 'page',
  about: 'the web page in Chromium: a huge room that many write in, while somebody types, opens rooms and jumps',
  options: {
    messages: { quick: 100_000, full: 100_000, about: 'messages in the room' },
    members: { quick: 5_000, full: 5_000, about: 'members of the room' },
    rooms: { quick: 1_000, full: 1_000, about: 'rooms of the reader besides' },
    rate: { quick: 200, full: 200, about: 'messages a second that arrive' },
    'warm-up': { quick: 2, full: 5, about: 'seconds before measuring' },
    seconds: { quick: 10, full: 30, about: 'seconds measured' },
  },
  run,
}

async function run(options: Options): Promise<Outcome> {
  await buildIfStale()
  const yeoul = await Yeoul.start(options.members! - 1)
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
  })
  try {
    const talkers = yeoul.people.slice(0, TALKERS)
    const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 800 } })
    const account = { username: 'reader', displayName: 'Reader', password: 'correct horse', session: 'cookie' }
    const made = await context.request.post(`${yeoul.server.url}/api/v1/auth/register`, { data: account })
    const { user, accessToken } = (await made.json()) as { user: { id: string }; accessToken: string }
    const reader: Person = { id: user.id, token: accessToken }
    const room = await yeoul.createRoom(TITLE, [reader, ...talkers])
    await yeoul.whileStopped((database) => {
      fill(database, room, options.messages!)
      populate(database, room, options.rooms!)
    })
    await context.request.post(`${yeoul.server.url}/api/v1/auth/login`, { data: account })

    const tab = await context.newPage()
    const errors: string[] = []
    tab.on('pageerror', (error) => errors.push(error.message))
    const cdp = await context.newCDPSession(tab)
    await cdp.send('Performance.enable')

    await tab.goto(yeoul.server.url)
    await tab.getByRole('link', { name: TITLE }).waitFor()
    const watch = await PageWatch.on(tab)
    const listed = await watch.now()
    const opened = await watch.timed(() => tab.getByRole('link', { name: TITLE }).click(), 'article[data-seq]')
    const first = (await yeoul.head(reader, room)) - options.messages! + 1
    const jumped = await watch.timed(
      () => tab.evaluate(`location.hash = ${JSON.stringify(`#/r/${room}/${first}`)}`),
      rowOf(first),
    )
    await tab.getByRole('button', { name: 'To the latest' }).click()
    await tab.locator(rowOf(first + options.messages! - 1)).waitFor()

    const talk = await Talkers.start(yeoul.server.url, room, talkers, options.rate!)
    let seen: Seen
    let sent: number[]
    let typed: boolean
    try {
      await sleep(options['warm-up']! * 1_000)
      await watch.begin()
      const composer = tab.locator('#composer')
      await composer.focus()
      const keys = Math.floor((options.seconds! * 1_000) / KEYS_EVERY_MS)
      const text = TYPED.repeat(Math.ceil(keys / TYPED.length)).slice(0, keys)
      const end = performance.now() + options.seconds! * 1_000
      await composer.pressSequentially(text, { delay: KEYS_EVERY_MS })
      if (performance.now() < end) await sleep(end - performance.now())
      seen = await watch.end()
      typed = (await composer.inputValue()) === text
      sent = await talk.stop()
    } finally {
      await talk.close()
    }
    const last = Math.max(...sent)
    await tab.locator(rowOf(last)).waitFor()
    const atEnd = await figures(cdp)
    const shown = await watch.seqs()
    const walked = await watch.walkBack(Math.max(seen.firstSeq, last - WALKED))
    const during = sent.filter((seq) => seq >= seen.firstSeq && seq <= seen.lastSeq)
    const rows = new Set(seen.seqs)
    const missed = during.filter((seq) => !rows.has(seq)).length
    const open = { listed, opened, jumped }
    return {
      tables: [
        {
          title: `page: ${number(options.messages!)} messages, ${number(options.members!)} members, ${options.rate} messages/s while somebody types`,
          columns: ['', 'ms'],
          rows: [
            [`the list of ${number(options.rooms! + 1)} rooms after the page was asked for`, millis(listed)],
            ['the room opened', millis(opened)],
            ['its first message, jumped to', millis(jumped)],
            ['a frame, median', millis(seen.frameMs.p50)],
            ['a frame, p99', millis(seen.frameMs.p99)],
            ['the longest frame', millis(seen.frameMs.max)],
            ['key to paint, median', millis(seen.inputMs.p50)],
            ['key to paint, p99', millis(seen.inputMs.p99)],
            ['tasks over 50 ms, all together', millis(seen.longTaskMs)],
          ],
        },
      ],
      invariants: {
        'the end is shown once all has arrived': shown.at(-1) === last,
        'walked back through, all that was sent is there, each once and in order': walked,
        'only the rows near the screen are in the document': shown.length < 100,
        'the typed text is complete': typed,
        'the page threw nothing': errors.length === 0,
      },
      notes: [
        `${seen.frames.toFixed(0)} frames a second; ${seen.longTasks} tasks took over 50 ms.`,
        `${during.length} messages arrived, ${missed} of them between two frames that did not show them; ${shown.length} rows and ${atEnd.nodes} nodes in the document.`,
        `${(atEnd.heap / 1e6).toFixed(1)} MB of JavaScript heap at the end.`,
        ...errors,
      ],
      data: { ...open, ...seen, seqs: seen.seqs.length, sent: sent.length, missed, rows: shown.length, ...atEnd },
    }
  } finally {
    await browser.close()
    await yeoul.stop()
  }
}

/** What the page holds after the garbage was collected. */
async function figures(cdp: CDPSession): Promise<{ heap: number; nodes: number }> {
  await cdp.send('HeapProfiler.collectGarbage')
  const { metrics } = await cdp.send('Performance.getMetrics')
  const value = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? 0
  return { heap: value('JSHeapUsedSize'), nodes: value('Nodes') }
}
