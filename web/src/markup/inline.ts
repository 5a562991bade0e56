/** What stands within a line. Nothing of a message is ever taken for HTML. */
export type Inline =
  | { type: 'text'; text: string }
  | { type: 'strong' | 'em' | 'del'; children: Inline[] }
  | { type: 'code'; text: string }
  /** `children` is null for an address that stands for itself. */
  | { type: 'link'; href: string; children: Inline[] | null }
  | { type: 'mention'; name: string }

type Kind = '*' | '**' | '_' | '~~'
const MEANS = { '*': 'em', '**': 'strong', _: 'em', '~~': 'del' } as const

/** An opening mark whose end has not come: what follows it gathers in `children`. */
interface Open {
  kind: Kind
  before: Inline[]
}

const ADDRESS =
  /https?:\/\/(?:localhost|\d{1,3}(?:\.\d{1,3}){3}|[\p{L}\d.-]+\.[a-z]{2,})(?::\d+)?(?:[/?#][^\s<>"*`]*)?/iu.source
const NAME = '(?<![\\p{L}\\p{N}@._-])@([a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])?)'
const SIGNS = new RegExp(`(\`+)|(\\*+|_+|~+)|(\\[)|(${ADDRESS})|${NAME}`, 'giu')
const NAMED_LINK = /\[([^[\]\n]{1,500})\]\(((?:https?:\/\/|mailto:)[^\s()<>"]+(?:\([^\s()<>"]*\)[^\s()<>"]*)*)\)/iy

/**
 * Reads the marks of a text in one pass: the work grows with its length alone, whatever is in it. Marks that do not pair stay
 * as they were typed. `links: false` inside the name of a link, which holds no other.
 */
export function readInline(text: string, links = true): Inline[] {
  const reader = new Reader()
  const signs = new RegExp(SIGNS)
  const closing = codeEnds(text)
  for (let from = 0; ; ) {
    const match = signs.exec(text)
    if (match === null) return reader.finish(text.slice(from))
    const [all, ticks, run, bracket, address, name] = match
    const at = match.index
    reader.text(text.slice(from, at))
    from = at + all.length
    if (ticks !== undefined) {
      const end = closing.get(at)
      if (end === undefined) reader.text(ticks)
      else {
        reader.add({ type: 'code', text: unpadded(text.slice(from, end)) })
        from = end + ticks.length
      }
    } else if (run !== undefined) reader.run(run, text[at - 1] ?? ' ', text[from] ?? ' ')
    else if (bracket !== undefined) {
      const link = links ? namedLink(text, at) : null
      if (link === null) reader.text(bracket)
      else {
        reader.add({ type: 'link', href: link.href, children: readInline(link.name, false) })
        from = at + link.length
      }
    } else if (address !== undefined) {
      const href = withoutTail(address)
      reader.add(links ? { type: 'link', href, children: null } : { type: 'text', text: href })
      from = at + href.length
    } else reader.add(links ? { type: 'mention', name: name! } : { type: 'text', text: all })
    signs.lastIndex = from
  }
}

class Reader {
  readonly #open: Open[] = []
  #now: Inline[] = []

  text(text: string): void {
    if (text === '') return
    const last = this.#now.at(-1)
    if (last?.type === 'text') last.text += text
    else this.#now.push({ type: 'text', text })
  }

  add(part: Inline): void {
    if (part.type === 'text') this.text(part.text)
    else this.#now.push(part)
  }

  /** One sign repeated: closes what it can, then opens. */
  run(run: string, before: string, after: string): void {
    const sign = run[0] as '*' | '_' | '~'
    let left = run.length
    if (left > (sign === '*' ? 3 : sign === '_' ? 1 : 2) || (sign === '~' && left === 1)) return this.text(run)
    const closes = !/\s/.test(before) && mayClose(run, after)
    while (closes && left > 0) {
      const fits = ({ kind }: Open) => kind[0] === sign && kind.length <= left && this.#holds(kind)
      const exact = this.#open.findLastIndex((open) => open.kind.length === left && fits(open))
      const i = exact < 0 ? this.#open.findLastIndex(fits) : exact
      if (i < 0) break
      left -= this.#open[i]!.kind.length
      this.#close(i)
    }
    const opens = left > 0 && !/\s/.test(after) && mayOpen(run, before)
    if (!opens) this.text(sign.repeat(left))
    else if (left === 3) {
      this.#begin('**')
      this.#begin('*')
    } else this.#begin(sign.repeat(left) as Kind)
  }

  finish(rest: string): Inline[] {
    this.text(rest)
    while (this.#open.length > 0) this.#drop(this.#open.length - 1)
    return this.#now
  }

  /** The nearest of its kind counts: an earlier one that is still open was no mark. So the marks never nest deep. */
  #begin(kind: Kind): void {
    const same = this.#open.findIndex((open) => open.kind === kind)
    if (same >= 0) this.#drop(same)
    this.#open.push({ kind, before: this.#now })
    this.#now = []
  }

  /** Whether anything stands between a mark and here. */
  #holds(kind: Kind): boolean {
    const i = this.#open.findIndex((open) => open.kind === kind)
    return this.#now.length > 0 || this.#open.slice(i + 1).some(({ before }) => before.length > 0)
  }

  #close(i: number): void {
    while (this.#open.length > i + 1) this.#drop(this.#open.length - 1)
    const { kind, before } = this.#open.pop()!
    const children = this.#now
    this.#now = before
    this.#now.push({ type: MEANS[kind], children })
  }

  /** Opens nothing after all: stands as typed. */
  #drop(i: number): void {
    const [{ kind, before }] = this.#open.splice(i, 1) as [Open]
    const above = this.#open[i]
    const after = above === undefined ? this.#now : above.before
    if (above === undefined) this.#now = before
    else above.before = before
    const last = before.at(-1)
    const first = after[0]
    const text = `${last?.type === 'text' ? last.text : ''}${kind}${first?.type === 'text' ? first.text : ''}`
    if (last?.type === 'text') before.pop()
    before.push({ type: 'text', text })
    for (let k = first?.type === 'text' ? 1 : 0; k < after.length; k++) before.push(after[k]!)
  }
}

const WORD = /[\p{L}\p{N}]/u

/**
 * Korean has no space between a word and its particle: `**강조**는` and `**강조(주의)**는` are bold, unlike in CommonMark. `2*3*4`
 * and `snake_case` are not marks, nor is the drawn-out `네~~` with which a Korean sentence ends.
 */
function mayOpen(run: string, before: string): boolean {
  if (before === '\\') return false
  if (run === '_') return /[\s([{"'“‘*~]/.test(before)
  if (run === '*') return !/[a-z\d]/i.test(before)
  return run !== '~~' || !WORD.test(before)
}

function mayClose(run: string, after: string): boolean {
  return (run !== '*' && run !== '_') || !/[a-z\d_]/i.test(after)
}

/** For each run of backticks that begins code, by its place, where the run that ends it begins: the next of the same length. */
function codeEnds(text: string): Map<number, number> {
  const ends = new Map<number, number>()
  if (!text.includes('`')) return ends
  const next = new Map<number, number>()
  for (const { 0: run, index } of [...text.matchAll(/`+/g)].reverse()) {
    const end = next.get(run.length)
    if (end !== undefined) ends.set(index, end)
    next.set(run.length, index)
  }
  return ends
}

/** One blank inside the backticks makes room for a backtick. */
const unpadded = (code: string) => (/^ .*\S.* $/s.test(code) ? code.slice(1, -1) : code)

/** `[name](https://…)`. A name that is an address itself might show one place and lead to another: it stays as typed. */
function namedLink(text: string, at: number): { name: string; href: string; length: number } | null {
  NAMED_LINK.lastIndex = at
  const match = NAMED_LINK.exec(text)
  if (match === null) return null
  const [all, name, href] = match as unknown as [string, string, string]
  if (name.trim() === '' || (/:\/\/|\bwww\./i.test(name) && name !== href)) return null
  return { name, href, length: all.length }
}

/** The stop at the end of a sentence, a mark, and a bracket that was opened before the address, are not part of it. */
function withoutTail(address: string): string {
  // How many more brackets close than open, up to `end`; kept along the way, so that the work grows with the length alone.
  let closing = 0
  for (const sign of address) closing += sign === ')' ? 1 : sign === '(' ? -1 : 0
  let end = address.length
  for (; end > 0; end--) {
    const last = address[end - 1]!
    if (last === ')') {
      if (closing <= 0) break
      closing--
    } else if (!/[.,!?;:\]}'"’”…~_]/.test(last)) break
  }
  return address.slice(0, end)
}
