import { type Block, isPlain, readBlocks } from './blocks.ts'
import type { Inline } from './inline.ts'

/** A preview reads no more of a message than this. */
const READ = 1_000
const SHOWN = 200

/** A message in one line without its marks: for previews, quotes and notifications. */
export function plainText(body: string): string {
  const start = body.slice(0, READ)
  const text = isPlain(start) ? start : readBlocks(start).map(textOfBlock).join(' ')
  return text.slice(0, SHOWN).replace(/\s+/g, ' ').trim()
}

function textOfBlock(block: Block): string {
  switch (block.type) {
    case 'text':
      return textOf(block.children)
    case 'code':
      return block.text
    case 'quote':
      return block.blocks.map(textOfBlock).join(' ')
    case 'list':
      return block.items
        .map(({ number, children, lists }) =>
          [number === null ? '·' : `${number}.`, textOf(children), ...lists.map(textOfBlock)].join(' '),
        )
        .join(' ')
  }
}

function textOf(parts: readonly Inline[]): string {
  return parts
    .map((part) => {
      switch (part.type) {
        case 'text':
        case 'code':
          return part.text
        case 'mention':
          return `@${part.name}`
        case 'link':
          return part.children === null ? part.href : textOf(part.children)
        default:
          return textOf(part.children)
      }
    })
    .join('')
}
