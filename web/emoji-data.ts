import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Plugin } from 'vite'
import type { EmojiRow } from './src/emoji/emoji.ts'

interface Source {
  hexcode: string
  emoji: string
  label: string
  tags?: string[]
  group?: number
  order?: number
  version: number
  skins?: { emoji: string; tone: number | number[] }[]
}

const NAME = 'virtual:emoji'
/** Skin tones and hair by themselves are no emoji that anybody sends. */
const COMPONENTS = 2

/**
 * The emoji with their names in both languages as one module, a sixth of emojibase's two files. Both languages are
 * searched whatever the page's own is: Korean writers type English codes too.
 */
export function emojiData(): Plugin {
  return {
    name: 'yeoul-emoji',
    resolveId: (id) => (id === NAME ? `\0${NAME}` : null),
    // Parsed as JSON, which browsers do faster than as a program.
    load: (id) =>
      id === `\0${NAME}` ? `export default JSON.parse(${JSON.stringify(JSON.stringify(emojiRows()))})` : null,
  }
}

export function emojiRows(): EmojiRow[] {
  const korean = new Map(read<Source[]>('ko/data.json').map((emoji) => [emoji.hexcode, emoji]))
  const codes = [read<Codes>('en/shortcodes/iamcal.json'), read<Codes>('en/shortcodes/github.json')]
  return read<Source[]>('en/data.json')
    .filter(({ group }) => group !== undefined && group !== COMPONENTS)
    .toSorted((a, b) => a.order! - b.order!)
    .map((emoji) => {
      const ko = korean.get(emoji.hexcode)
      const own = [...new Set(codes.flatMap((each) => each[emoji.hexcode] ?? []))]
      const tags = [...new Set([...(emoji.tags ?? []), ...(ko?.tags ?? [])])].filter((tag) => tag !== ko?.label)
      const row = [
        plainest(emoji.emoji),
        emoji.group!,
        emoji.label,
        ko?.label ?? emoji.label,
        tags.join('|'),
        own.join(' '),
        emoji.version,
      ] satisfies EmojiRow
      const tones = emoji.skins?.filter(({ tone }) => typeof tone === 'number').map(({ emoji }) => plainest(emoji))
      return tones?.length === 5 ? [...row, tones] : row
    })
}

type Codes = Record<string, string | string[]>

/** Without the sign that asks for colours where it is not needed: what keyboards write, so that two reactions are one. */
function plainest(emoji: string): string {
  const plain = emoji.replaceAll('\uFE0F', '')
  return /^\p{RGI_Emoji}$/v.test(plain) ? plain : emoji
}

function read<T>(path: string): T {
  return JSON.parse(readFileSync(createRequire(import.meta.url).resolve(`emojibase-data/${path}`), 'utf8'))
}
