import { create } from 'zustand'
import { persist } from 'zustand/middleware'

interface Drafts {
  /** What was written and not sent, by room. */
  texts: Record<string, string>
  write(room: string, text: string): void
  clear(): void
}

/** Unsent text by room; it survives switching rooms and a reload. */
export const useDrafts = create<Drafts>()(
  persist(
    (set) => ({
      texts: {},
      write: (room, text) =>
        set(({ texts }) => {
          if (text !== '') return { texts: { ...texts, [room]: text } }
          const { [room]: _, ...others } = texts
          return { texts: others }
        }),
      clear: () => set({ texts: {} }),
    }),
    { name: 'yeoul.drafts', partialize: ({ texts }) => ({ texts }) },
  ),
)
