import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Block, readBlocks } from '../../web/src/markup/blocks.ts'
import { type Inline, readInline } from '../../web/src/markup/inline.ts'
import { plainText } from '../../web/src/markup/plain-text.ts'

/** What was read, in short: `b(…)` bold, `i(…)` italic, `s(…)` struck out, `c(…)` code, `a(…)` an address, `@(…)` a mention. */
function short(parts: readonly Inline[]): string {
  return parts
    .map((part) => {
      switch (part.type) {
        case 'text':
          return part.text
        case 'code':
          return `c(${part.text})`
        case 'mention':
          return `@(${part.name})`
        case 'link':
          return part.children === null ? `a(${part.href})` : `a(${short(part.children)}→${part.href})`
        default:
          return `${{ strong: 'b', em: 'i', del: 's' }[part.type]}(${short(part.children)})`
      }
    })
    .join('')
}

const shortBlocks = (blocks: readonly Block[]): string => blocks.map(shortBlock).join(' / ')

function shortBlock(block: Block): string {
  switch (block.type) {
    case 'text':
      return short(block.children)
    case 'code':
      return `code(${block.text})`
    case 'quote':
      return `quote(${shortBlocks(block.blocks)})`
    case 'list': {
      const items = block.items.map(({ number, children, lists }) => {
        const below = lists.length > 0 ? ` ${shortBlocks(lists)}` : ''
        return `${number ?? '•'} ${short(children)}${below}`
      })
      return `list(${items.join(' | ')})`
    }
  }
}

const INLINE: [typed: string, read: string][] = [
  ['plain text', 'plain text'],
  ['**bold** and *italic* and _italic_ and ~~gone~~', 'b(bold) and i(italic) and i(italic) and s(gone)'],
  ['***both***', 'b(i(both))'],
  ['**bold *and italic***', 'b(bold i(and italic))'],
  ['*italic **and bold***', 'i(italic b(and bold))'],
  ['**a ~~b~~ `c`**', 'b(a s(b) c(c))'],
  ['**two\nlines**', 'b(two\nlines)'],
  // Korean: a particle follows the mark without a space.
  ['**강조**는', 'b(강조)는'],
  ['**강조(주의)**는', 'b(강조(주의))는'],
  ['**"강조"**라고', 'b("강조")라고'],
  ['아주*조금*만', '아주i(조금)만'],
  ['_강조_를', 'i(강조)를'],
  ['~~취소~~함', 's(취소)함'],
  ['네~~ 알겠습니다~~', '네~~ 알겠습니다~~'],
  ['네~~감사합니다~~', '네~~감사합니다~~'],
  // Not marks.
  ['snake_case_word and __init__', 'snake_case_word and __init__'],
  ['2*3*4 = 24', '2*3*4 = 24'],
  ['a * b * c', 'a * b * c'],
  ['¯\\_(ツ)_/¯', '¯\\_(ツ)_/¯'],
  ['****', '****'],
  ['**', '**'],
  ['** **', '** **'],
  ['~one~', '~one~'],
  // Marks that do not pair.
  ['**open', '**open'],
  ['open**', 'open**'],
  ['**a *b**', 'b(a *b)'],
  ['*a **b*', 'i(a **b)'],
  ['*a *b*', '*a i(b)'],
  ['~~a **b~~ c**', 's(a **b) c**'],
  // Code.
  ['`a*b*`', 'c(a*b*)'],
  ['`` a`b ``', 'c(a`b)'],
  ['`open', '`open'],
  ['`a` `', 'c(a) `'],
  ['**`**`**', 'b(c(**))'],
  // Links.
  ['[여울](https://example.com/a_(b))', 'a(여울→https://example.com/a_(b))'],
  ['[**bold**](mailto:a@example.com)', 'a(b(bold)→mailto:a@example.com)'],
  ['[x](javascript:alert(1))', '[x](javascript:alert(1))'],
  [
    '[x](JAVASCRIPT:alert(1)) [x](data:text/html,x) [x](//example.com)',
    '[x](JAVASCRIPT:alert(1)) [x](data:text/html,x) [x](//example.com)',
  ],
  ['[https://bank.example](https://evil.example)', '[a(https://bank.example)](a(https://evil.example))'],
  ['[ ](https://example.com)', '[ ](a(https://example.com))'],
  ['![x](https://example.com/x.png)', '!a(x→https://example.com/x.png)'],
  ['**https://example.com/x**는', 'b(a(https://example.com/x))는'],
  ['https://example.com/_a_', 'a(https://example.com/_a)_'],
  ['보세요: https://example.com/여울.', '보세요: a(https://example.com/여울).'],
  ['https://example.com을 보세요', 'a(https://example.com)을 보세요'],
  ['(https://ko.wikipedia.org/wiki/여울_(지형))', '(a(https://ko.wikipedia.org/wiki/여울_(지형)))'],
  ['http://localhost:8080/docs?x=1#y, http://127.0.0.1/', 'a(http://localhost:8080/docs?x=1#y), a(http://127.0.0.1/)'],
  ['javascript:alert(1) ftp://example.com //example.com', 'javascript:alert(1) ftp://example.com //example.com'],
  // Mentions, where the server takes them for such.
  ['@minsu님, (@jo.ann) 그리고 @a-b.', '@(minsu)님, (@(jo.ann)) 그리고 @(a-b).'],
  ['mail@example.com 한글@minsu @@x', 'mail@example.com 한글@minsu @@x'],
  ['**@minsu** ~~@jo~~', 'b(@(minsu)) s(@(jo))'],
  // Nothing else is a mark.
  ['<b>bold</b> <script>alert(1)</script> &amp;', '<b>bold</b> <script>alert(1)</script> &amp;'],
]

test('the marks within a line are read as people mean them, and stay as typed where they are none', () => {
  for (const [typed, read] of INLINE) assert.equal(short(readInline(typed)), read, typed)
})

const BLOCKS: [typed: string, read: string][] = [
  ['one\ntwo\n\nthree', 'one\ntwo\n\nthree'],
  ['look:\n```js\nlet a = `*x*`\n\n  b\n```\nsee?', 'look: / code(let a = `*x*`\n\n  b) / see?'],
  ['```one line```', 'code(one line)'],
  ['```two\nlines at once```', 'code(lines at once)'],
  ['```two words\nfirst```', 'code(two words\nfirst)'],
  ['```\nnever closed', '```\nnever closed'],
  ['> 인용\n> **둘째** 줄\n답', 'quote(인용\nb(둘째) 줄) / 답'],
  ['> a\n> > b', 'quote(a / quote(b))'],
  ['>_< and >.<', '>_< and >.<'],
  ['- 하나\n- 둘\n  - 둘의 하나\n    이어서\n- 셋', 'list(• 하나 | • 둘 list(• 둘의 하나\n이어서) | • 셋)'],
  ['3. c\n5. e', 'list(3 c | 5 e)'],
  ['1. a\n- b', 'list(1 a) / list(• b)'],
  ['사야 할 것\n\n* 쌀\n* 김', '사야 할 것 / list(• 쌀 | • 김)'],
  ['2026. 11. 21. 회의', '2026. 11. 21. 회의'],
  ['- ', '- '],
  ['---\n***\n* * *', '---\n***\n* * *'],
  [
    '# no heading\n| no | table |\n|--|--|\n    no indented code',
    '# no heading\n| no | table |\n|--|--|\n    no indented code',
  ],
  ['> ```\n> code\n> ```', 'quote(code(code))'],
]

test('blocks of code, quotes and lists are read; headings, tables and rules stay as typed', () => {
  for (const [typed, read] of BLOCKS) assert.equal(shortBlocks(readBlocks(typed)), read, typed)
})

test('a preview shows one line without the marks', () => {
  assert.equal(
    plainText('**공지**: [회의록](https://example.com) 확인\n- 하나\n- `둘`'),
    '공지: 회의록 확인 · 하나 · 둘',
  )
  assert.equal(plainText('> quoted\nanswer'), 'quoted answer')
  const names = new Map([['mina', '미나']])
  assert.equal(
    plainText('> @mina\n- **@mina** @nobody\n- `@mina`', (name) => names.get(name)),
    '@미나 · @미나 @nobody · @mina',
  )
  assert.equal(plainText('```\nx  =  1\n```'), 'x = 1')
  assert.equal(plainText(`${'가 '.repeat(5_000)}`).length, 199)
})

test('[P6] no body is slow to read, whatever signs it is made of', () => {
  const parts = [
    ...['*', '**', '*a_', '*a **b ', '**a** ', '*`', '_', '~~', '`', '`a ``b ', '```\n', '\\', '<', '@a'],
    ...['[', '](', '[a](', '[a](https://', '[a](https://a(', 'https://', '(', ')'],
    ...['> ', '> - ', '- ', '1. ', ' ', '  ', '\n'],
  ]
  for (const part of parts) {
    for (const start of ['', 'x', '- ', 'https://example.com/']) {
      const body = `${start}${part.repeat(8_000 / part.length)}`
      // The best of some, since the machine may do something else meanwhile.
      const took = Array.from({ length: 4 }, () => {
        const began = performance.now()
        readBlocks(body)
        return performance.now() - began
      })
      assert.ok(Math.min(...took) < 60, `${JSON.stringify(start + part)} took ${took} ms`)
    }
  }
})

test('no text is lost, no address but http, https and mailto becomes a link, and marks never nest deep', () => {
  const signs = 'a가1 (){}[]*_~`<>.,-/@\\\n'
  const words = ['**', '~~', '```', '> ', '- ', '](', '@minsu', 'https://x.com', 'javascript:']
  const pieces = fc.constantFrom(...signs, ...words)
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
      const body = parts.join('')
      const deepest = (inline: readonly Inline[]): number =>
        Math.max(0, ...inline.map((part) => ('children' in part ? 1 + deepest(part.children ?? []) : 0)))
      const read = readInline(body)
      assert.ok(deepest(read) <= 10)
      const told = (part: Inline): string =>
        [
          'text' in part ? part.text : '',
          'children' in part ? (part.children ?? []).map(told).join('') : '',
          'href' in part ? part.href : '',
          'name' in part ? part.name : '',
        ].join('')
      const letters = (text: string) => text.replace(/[^\p{L}\d]/gu, '')
      assert.equal(letters(read.map(told).join('')), letters(body))
      JSON.stringify(readBlocks(body), (key, value) => {
        if (key === 'href') assert.match(value, /^(https?:\/\/|mailto:)/i)
        return value
      })
    }),
    { numRuns: 2_000 },
  )
})
