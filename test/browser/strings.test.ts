import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseAst } from 'vite'

const web = fileURLToPath(new URL('../../web/src/', import.meta.url))

/** Names that are the same in every language: the product's own. */
const NAMES = ['여울', 'Yeoul']
/** Attributes, of elements and of our own components, that are shown or read out. */
const TOLD = /^(aria-(label|description|roledescription|valuetext)|title|placeholder|label|alt|hint|lead|body|action)$/

type Node = { type: string } & Record<string, unknown>

/** What a person would read or hear, written into a component instead of taken from the strings. */
function hardCoded(source: string): string[] {
  const found: string[] = []
  const see = (node: Node) => {
    if (node.type === 'JSXText') found.push(String(node.value))
    if (node.type === 'JSXExpressionContainer') found.push(...literals(node.expression as Node))
    if (node.type === 'JSXAttribute') {
      const name = (node.name as Node).name
      const value = node.value as Node | null
      if (value === null || typeof name !== 'string' || !TOLD.test(name)) return
      found.push(...literals(value.type === 'JSXExpressionContainer' ? (value.expression as Node) : value))
      return
    }
    for (const below of Object.values(node)) {
      for (const child of Array.isArray(below) ? below : [below]) {
        if (child !== null && typeof child === 'object' && 'type' in child) see(child as Node)
      }
    }
  }
  see(parseAst(source, { lang: 'tsx' }) as unknown as Node)
  return found.map((text) => text.trim()).filter((text) => /\p{L}/u.test(text) && !NAMES.includes(text))
}

/** The texts that an expression may be by itself; what it passes to a function is not shown. */
function literals(node: Node): string[] {
  if (node.type === 'Literal') return typeof node.value === 'string' ? [node.value] : []
  if (node.type === 'TemplateLiteral') {
    return (node.quasis as { value: { cooked: string } }[]).map(({ value }) => value.cooked)
  }
  if (node.type === 'ConditionalExpression')
    return [node.consequent, node.alternate].flatMap((each) => literals(each as Node))
  if (node.type === 'LogicalExpression') return literals(node.right as Node)
  return []
}

test('words that somebody writes into a component are found, whatever form they have', () => {
  assert.deepEqual(hardCoded('<p className="a">Hello there</p>'), ['Hello there'])
  assert.deepEqual(hardCoded('<>안녕</>'), ['안녕'])
  assert.deepEqual(hardCoded('<IconButton icon="close" label="Close" />'), ['Close'])
  assert.deepEqual(hardCoded("<input placeholder={open ? 'Search' : undefined} />"), ['Search'])
  assert.deepEqual(hardCoded("<p>{count > 0 && 'new'} {`more`}</p>"), ['new', 'more'])
  assert.deepEqual(hardCoded("<p title={t('ui.close')} role='note'>{t('ui.close')} · {/* not this */}</p>"), [])
})

test('no component holds words of its own: all of them stand in both languages in i18n/words', () => {
  const files = globSync('**/*.tsx', { cwd: web })
  assert.ok(files.length > 40)
  const found = files.flatMap((file) =>
    hardCoded(readFileSync(join(web, file), 'utf8')).map((text) => `${file}: ${text}`),
  )
  assert.deepEqual(found, [])
})
