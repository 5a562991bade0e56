import { type Block, isPlain, readBlocks } from './blocks.ts'
import type { Inline } from './inline.ts'

/** A preview reads no more of a message than this. */
const READ = 1_000
const SHOWN = 200

/** What to show for a name after @; undefined: what was typed. */
type NameOf = (username: string) => string | undefined

/** A message in one line without its marks: for previews, quotes and notifications. */
export function plainText(body: string, nameOf: NameOf = () => undefined): string {
  const start = body.slice(0, READ)
  const text = isPlain(start) ? start : textOfBlocks(readBlocks(start), nameOf)
  return text.slice(0, SHOWN).replace(/\s+/g, ' ').trim()
}

function textOfBlock(block: Block, nameOf: NameOf): string {
  switch (block.type) {
    case 'text':
      return textOf(block.children, nameOf)
    case 'code':
      return block.text
    case 'quote':
      return textOfBlocks(block.blocks, nameOf)
    case 'list':
      return block.items
        .map(({ number, children, lists }) =>
          [number === null ? '·' : `${number}.`, textOf(children, nameOf), textOfBlocks(lists, nameOf)].join(' '),
        )
        .join(' ')
  }
}

const textOfBlocks = (blocks: readonly Block[], nameOf: NameOf): string =>
  blocks.map((block) => textOfBlock(block, nameOf)).join(' ')

function textOf(parts: readonly Inline[], nameOf: NameOf): string {
  return parts
    .map((part) => {
      switch (part.type) {
        case 'text':
        case 'code':
          return part.text
        case 'mention':
          return `@${nameOf(part.name) ?? part.name}`
        case 'link':
          return part.children === null ? part.href : textOf(part.children, nameOf)
        default:
          return textOf(part.children, nameOf)
      }
    })
    .join('')
}
