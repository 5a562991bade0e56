import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

/** What axe finds in a page that keeps people out: its serious and critical findings, one line for each element; of one rule or all. */
export async function axeFindings(page: Page, rule?: string): Promise<string[]> {
  // Evaluated, not added as a script: the page's CSP stays as strict as it is.
  if (await page.evaluate("!('axe' in globalThis)")) await page.evaluate(axe)
  return page.evaluate(`axe
    .run(document, ${JSON.stringify({ resultTypes: ['violations'], ...(rule !== undefined && { runOnly: [rule] }) })})
    .then(({ violations }) =>
      violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .flatMap(({ id, nodes }) => nodes.map(({ html, any }) => id + ': ' + html.slice(0, 200) + ' ' + (any[0]?.message ?? ''))),
    )`)
}

/** Runs in the page: whether somebody sees an element at all. */
const SEEN = `const seen = (element) => {
  if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return false
  if (element.closest('.sr-only, [aria-hidden=true]')) return false
  const { width, height } = element.getBoundingClientRect()
  return width > 0 && height > 0
}`

/** What stands out of the window sideways, or is cut off without saying so by an ellipsis. */
export function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    ${SEEN}
    const found = []
    const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth
    if (wide > 0) found.push('the page is ' + wide + ' px too wide')
    // What scrolls sideways alone is meant to; what also scrolls down must not be too wide.
    const sideways = (element) =>
      ['auto', 'scroll'].includes(getComputedStyle(element).overflowX) &&
      element.scrollWidth > element.clientWidth &&
      element.scrollHeight <= element.clientHeight + 1
    const inScroller = (element) => {
      for (let up = element; up !== null; up = up.parentElement) if (sideways(up)) return true
      return false
    }
    const told = (element) => element.tagName.toLowerCase() + ' "' + (element.textContent || element.getAttribute('aria-label') || '').trim().slice(0, 60) + '" .' + String(element.className).slice(0, 90)
    for (const element of document.body.querySelectorAll('*')) {
      if (element.closest('svg') || !seen(element)) continue
      const style = getComputedStyle(element)
      const box = element.getBoundingClientRect()
      const ownText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '')
      if ((box.right > innerWidth + 1 || box.left < -1) && ownText && !inScroller(element)) found.push('outside: ' + told(element))
      const clipped = element.scrollWidth > element.clientWidth + 1 && ['hidden', 'clip'].includes(style.overflowX)
      if (clipped && ownText && style.textOverflow !== 'ellipsis') found.push('cut: ' + told(element))
      if (ownText && style.overflowX === 'visible' && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0 && style.display !== 'inline') found.push('spills: ' + told(element))
    }
    return [...new Set(found)]
  })()`)
}

/** What a finger would miss: all to tap that is less than 44 px high or 36 px wide, but for links within a text. */
export function tooSmall(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    ${SEEN}
    const found = []
    const targets = 'button, a[href], input, select, textarea, summary, [role=button], [role=option], [role=tab], [role=menuitem], [role=menuitemradio]'
    for (const element of document.body.querySelectorAll(targets)) {
      if (!seen(element) || element.disabled || getComputedStyle(element).display === 'inline') continue
      // A box within its label is tapped by the label.
      const box = (element.closest('label') ?? element).getBoundingClientRect()
      if (box.bottom < 0 || box.top > innerHeight || box.right < 0 || box.left > innerWidth) continue
      if (box.height >= 43.5 && box.width >= 35.5) continue
      // What Tab passes over is a second way to something that it stops at, such as a name beside its picture.
      if (element.tabIndex < 0 && element.matches('article *') && element.textContent.trim() !== '') continue
      // A smaller thing may still be hit off its middle; the edge of a list may take some of that.
      const x = box.left + box.width / 2
      const y = box.top + box.height / 2
      const hit = (dx, dy) => {
        const at = document.elementFromPoint(x + dx, y + dy)
        return at !== null && (element.contains(at) || at === element)
      }
      // Something lies over it: a dialog, or the edge of the list that it is in.
      if (!hit(0, 0) || !hit(0, 1 - box.height / 2) || !hit(0, box.height / 2 - 1)) continue
      let reach = 0
      for (let dy = -22; dy <= 22; dy++) if (hit(0, dy)) reach++
      if (box.width >= 35.5 && reach >= 40) continue
      found.push(Math.round(box.width) + ' × ' + Math.round(box.height) + ': ' + (element.getAttribute('aria-label') || element.textContent || element.tagName).trim().slice(0, 60))
    }
    return found
  })()`)
}

/** Headings that are empty, and levels that are skipped on the way down. */
export function headingFaults(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    ${SEEN}
    const open = document.querySelector('dialog[open]')
    const found = []
    let level = open ? 1 : 0
    for (const heading of (open ?? document).querySelectorAll('h1, h2, h3, h4, h5, h6')) {
      const next = Number(heading.tagName[1])
      if (heading.textContent.trim() === '') found.push('an empty ' + heading.tagName)
      if (seen(heading) && next > level + 1 && level > 0) found.push('h' + level + ' is followed by h' + next + ' "' + heading.textContent + '"')
      if (seen(heading)) level = next
    }
    return found
  })()`)
}
