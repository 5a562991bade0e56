import { create } from 'zustand'
import { persist } from 'zustand/middleware'
import { forgetAtSignOut } from '../session/forget.ts'

interface Drafts {
  /** What was written and not sent, by room. */
  texts: Record<string, string>
  /** Whose they are: nobody else who signs in here gets to see them. */
  owner: string
  claim(user: string): void
  write(room: string, text: string): void
}

/** Unsent text by room; it survives switching rooms and a reload. */
export const useDrafts = create<Drafts>()(
  persist(
    (set) => ({
      texts: {},
      owner: '',
      claim: (user) => set((drafts) => (drafts.owner === user ? drafts : { owner: user, texts: {} })),
      write: (room, text) =>
        set(({ texts }) => {
          if (text !== '') return { texts: { ...texts, [room]: text } }
          const { [room]: _, ...others } = texts
          return { texts: others }
        }),
    }),
    { name: 'yeoul.drafts', partialize: ({ texts, owner }) => ({ texts, owner }) },
  ),
)

forgetAtSignOut(() => {
  useDrafts.setState({ texts: {}, owner: '' })
  useDrafts.persist.clearStorage()
})

// Another tab wrote: without its texts the next one written here would take them from the storage.
addEventListener('storage', (event) => {
  if (event.key === 'yeoul.drafts') void useDrafts.persist.rehydrate()
})
