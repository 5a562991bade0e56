import { type Inline, readInline } from './inline.ts'

export type Block =
  | { type: 'text'; children: Inline[] }
  | { type: 'code'; text: string }
  | { type: 'quote'; blocks: Block[] }
  | { type: 'list'; items: ListItem[] }

export interface ListItem {
  /** The number as it was typed; null in a list without numbers. */
  number: number | null
  children: Inline[]
  lists: Block[]
}

const FENCE = '```'
const ITEM = /^( *)(?:[-*+]|(\d{1,3})\.) +(?! )(?=.*[^\s*_-])(.*)$/
/** Quotes in quotes, and lists in lists; what lies deeper is text. */
const DEEPEST = 4

/** A body without any of these is plain text: most are. */
const MARKS = /[*_~`@]|\]\(|:\/\/|^ *(?:>|[-+] |\d{1,3}\. )/m

export const isPlain = (body: string): boolean => !MARKS.test(body)

/**
 * The structure of a message: bold, italic, struck out, code, links and mentions; blocks of code, quotes and lists. No headings,
 * tables, images or HTML: they stay as typed, and so does every line break. Written for this page since the usual parser took 15 KB
 * of the first load, overflowed the stack on 8,000 brackets, and knows no Korean particles.
 */
export function readBlocks(body: string): Block[] {
  if (isPlain(body)) return [{ type: 'text', children: [{ type: 'text', text: body }] }]
  return readLines(body.split('\n'), 0)
}

function readLines(lines: readonly string[], depth: number): Block[] {
  const blocks: Block[] = []
  const fences = fenceEnds(lines)
  let text: string[] = []
  const endText = () => {
    const trimmed = withoutBlankEnds(text)
    if (trimmed.length > 0) blocks.push({ type: 'text', children: readInline(trimmed.join('\n')) })
    text = []
  }
  for (let i = 0; i < lines.length; ) {
    const line = lines[i]!
    const fence = fences.get(i)
    if (fence !== undefined) {
      endText()
      blocks.push({ type: 'code', text: codeOf(lines.slice(i, fence + 1)) })
      i = fence + 1
    } else if (depth < DEEPEST && isQuote(line)) {
      endText()
      const from = i
      while (i < lines.length && isQuote(lines[i]!)) i++
      const inner = lines.slice(from, i).map((quoted) => quoted.replace(/^ *> ?/, ''))
      blocks.push({ type: 'quote', blocks: readLines(inner, depth + 1) })
    } else if (ITEM.test(line)) {
      endText()
      const from = i
      while (i < lines.length && (ITEM.test(lines[i]!) || (/^ {2,}\S/.test(lines[i]!) && !fences.has(i)))) i++
      blocks.push(...readLists(lines.slice(from, i), depth))
    } else {
      text.push(line)
      i++
    }
  }
  endText()
  return blocks
}

/** `>` with a blank: `>_<` is a face. */
const isQuote = (line: string) => /^ *>(?: |$)/.test(line)

/** For each line that opens a block of code, the line that ends it; one that nothing ends is text. */
function fenceEnds(lines: readonly string[]): Map<number, number> {
  const ends = new Map<number, number>()
  let open = -1
  for (const [i, line] of lines.entries()) {
    const trimmed = line.trim()
    if (open >= 0) {
      if (!trimmed.endsWith(FENCE)) continue
      ends.set(open, i)
      open = -1
    } else if (trimmed.startsWith(FENCE)) {
      const rest = trimmed.slice(FENCE.length)
      if (!rest.includes('`')) open = i
      else if (rest.indexOf('`') === rest.length - FENCE.length && rest.endsWith(FENCE)) ends.set(i, i)
    }
  }
  return ends
}

/** What stands between the fences. A word alone beside the first is the name of a language. */
function codeOf(lines: readonly string[]): string {
  const text = lines.join('\n').trim().slice(FENCE.length, -FENCE.length)
  return text.replace(/^[\w+#.-]*[ \t]*\n/, '').replace(/\n[ \t]*$/, '')
}

/** Lines of list items and of what is indented below them. A change between bullets and numbers begins another list. */
function readLists(lines: readonly string[], depth: number): Block[] {
  const lists: Block[] = []
  for (let i = 0; i < lines.length; ) {
    const [, indent, number, first] = ITEM.exec(lines[i]!) as unknown as [string, string, string | undefined, string]
    const from = ++i
    while (i < lines.length && indentOf(lines[i]!) > indent.length + 1) i++
    const below = lines.slice(from, i)
    const nested = depth < DEEPEST ? below.findIndex((line) => ITEM.test(line)) : -1
    const continued = nested < 0 ? below : below.slice(0, nested)
    const item: ListItem = {
      number: number === undefined ? null : Number(number),
      children: readInline([first, ...continued.map((line) => line.trim())].join('\n')),
      lists: nested < 0 ? [] : readLists(below.slice(nested), depth + 1),
    }
    const last = lists.at(-1)
    const joins = last?.type === 'list' && (last.items[0]!.number === null) === (item.number === null)
    if (joins) last.items.push(item)
    else lists.push({ type: 'list', items: [item] })
    // What is indented less than its item, and is none itself, goes on with the line above.
    while (i < lines.length && !ITEM.test(lines[i]!))
      item.children.push({ type: 'text', text: `\n${lines[i++]!.trim()}` })
  }
  return lists
}

const indentOf = (line: string) => line.length - line.trimStart().length

function withoutBlankEnds(lines: readonly string[]): readonly string[] {
  const first = lines.findIndex((line) => line.trim() !== '')
  return first < 0 ? [] : lines.slice(first, lines.findLastIndex((line) => line.trim() !== '') + 1)
}
