import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'

const INSIDE = readFileSync(new URL('./page-inside.js', import.meta.url), 'utf8')
/** Keys that are painted sooner than this many ms are told of by no browser. */
const QUICK_KEY_MS = 16

/** For so long at most a page is walked through. */
const WALK_MS = 60_000

/** What was seen of a page for a while. Times in ms. */
export interface Seen {
  /** A second. */
  frames: number
  frameMs: Spread
  /** From a key to the paint that shows it, as the browser tells it: in steps of 8 ms, and what is under 16 as 16. */
  inputMs: Spread
  /** Tasks over 50 ms, and the time that they took together. */
  longTasks: number
  longTaskMs: number
  /** Every message that was in the document, and the newest one at the beginning and at the end. */
  seqs: number[]
  firstSeq: number
  lastSeq: number
}
export interface Spread {
  p50: number
  p99: number
  max: number
}

/** Looks at a page from inside (page-inside.js). To be made once the page is loaded. */
export class PageWatch {
  readonly #page: Page

  private constructor(page: Page) {
    this.#page = page
  }

  static async on(page: Page): Promise<PageWatch> {
    await page.evaluate(INSIDE)
    return new PageWatch(page)
  }

  now(): Promise<number> {
    return this.#page.evaluate('performance.now()')
  }

  /** The seqs of the rows in the document, from top to bottom. */
  seqs(): Promise<number[]> {
    return this.#page.evaluate('inside.seqs()')
  }

  /** Time from an action to the next paint after a row is to be seen. */
  async timed(act: () => Promise<unknown>, row: string): Promise<number> {
    const painted = this.#page.evaluate<number>(`inside.painted(${JSON.stringify(row)})`)
    const from = await this.now()
    await act()
    return (await painted) - from
  }

  /** Scrolls up until a message is in sight; whether every row on the way followed the one before it. */
  async walkBack(to: number): Promise<boolean> {
    await this.#page.getByRole('log').hover()
    const seen = new Set<number>()
    const end = performance.now() + WALK_MS
    while (performance.now() < end) {
      const rows = await this.seqs()
      if (rows.some((seq, i) => seq !== rows[0]! + i)) return false
      for (const seq of rows) seen.add(seq)
      if (rows[0]! <= to) return seen.size === Math.max(...seen) - rows[0]! + 1
      await this.#page.mouse.wheel(0, -400)
      await this.#page.waitForTimeout(16)
    }
    return false
  }

  async begin(): Promise<void> {
    await this.#page.evaluate('inside.watch()')
  }

  async end(): Promise<Seen> {
    const told = await this.#page.evaluate<{
      frames: number[]
      slowKeys: number[]
      keys: number
      tasks: number[]
      seqs: number[]
      firstSeq: number
      lastSeq: number
    }>('inside.end()')
    const { frames, slowKeys, keys, tasks, ...rest } = told
    const quick = new Array<number>(Math.max(0, keys - slowKeys.length)).fill(QUICK_KEY_MS)
    const seconds = frames.reduce((sum, ms) => sum + ms, 0) / 1_000
    return {
      frames: frames.length / seconds,
      frameMs: spread(frames),
      inputMs: spread([...slowKeys, ...quick]),
      longTasks: tasks.length,
      longTaskMs: tasks.reduce((sum, ms) => sum + ms, 0),
      ...rest,
    }
  }
}

function spread(values: number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
  return { p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? 0 }
}
