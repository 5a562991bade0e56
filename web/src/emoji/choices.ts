import { create } from 'zustand'
import { persist } from 'zustand/middleware'
import { forgetAtSignOut } from '../session/forget.ts'
import type { Emoji } from './emoji.ts'

const KEPT = 24
/** Offered before somebody has favourites. */
const USUAL = ['👍', '❤️', '😂', '😮', '😢', '🙏', '🎉']

interface EmojiChoices {
  /** Used last, the newest first. */
  recent: readonly string[]
  /** 0: no skin tone; else 1 to 5, from light to dark. */
  tone: number
  used(sign: string): void
  setTone(tone: number): void
}

/** What a person picks in this browser. */
export const useEmojiChoices = create<EmojiChoices>()(
  persist(
    (set) => ({
      recent: [],
      tone: 0,
      used: (sign) =>
        set(({ recent }) => ({ recent: [sign, ...recent.filter((other) => other !== sign)].slice(0, KEPT) })),
      setTone: (tone) => set({ tone }),
    }),
    { name: 'yeoul.emoji', partialize: ({ recent, tone }) => ({ recent, tone }) },
  ),
)

forgetAtSignOut(() => useEmojiChoices.setState({ recent: [], tone: 0 }))

/** A handful for reactions: what one used last, filled up with what most people use. They keep their places among themselves. */
export function quickOnes(recent: readonly string[]): string[] {
  const own = recent.filter((sign) => !USUAL.includes(sign)).slice(0, 2)
  return [...USUAL.slice(0, USUAL.length - own.length), ...own]
}

export const inTone = (emoji: Emoji, tone: number): string => emoji.tones[tone - 1] ?? emoji.sign
