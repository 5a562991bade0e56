import { create } from 'zustand'
import { persist } from 'zustand/middleware'
import { forgetAtSignOut } from '../session/forget.ts'

/** What the composer of a room was about, besides writing: the message that is answered or edited, and the edit so far. */
export type KeptTask = { type: 'reply'; seq: number } | { type: 'edit'; seq: number; text: string }

interface Drafts {
  /** What was written and not sent, by room. */
  texts: Record<string, string>
  tasks: Record<string, KeptTask>
  /** Whose they are: nobody else who signs in here gets to see them. */
  owner: string
  claim(user: string): void
  write(room: string, text: string): void
  /** null: only writing. */
  keep(room: string, task: KeptTask | null): void
}

const EMPTY = { texts: {}, tasks: {}, owner: '' }
const NAME = 'yeoul.drafts'

/** Unsent text by room, and unfinished edits and replies; they survive switching rooms and a reload, and other tabs know them. */
export const useDrafts = create<Drafts>()(
  persist(
    (set) => ({
      ...EMPTY,
      claim: (user) => set((drafts) => (drafts.owner === user ? drafts : { ...EMPTY, owner: user })),
      write: (room, text) => set(({ texts }) => ({ texts: withEntry(texts, room, text === '' ? null : text) })),
      keep: (room, task) => set(({ tasks }) => ({ tasks: withEntry(tasks, room, task) })),
    }),
    { name: NAME, partialize: ({ texts, tasks, owner }) => ({ texts, tasks, owner }) },
  ),
)

function withEntry<T>(entries: Record<string, T>, key: string, value: T | null): Record<string, T> {
  if (value !== null) return { ...entries, [key]: value }
  const { [key]: _, ...others } = entries
  return others
}

forgetAtSignOut(() => useDrafts.setState(EMPTY))

// Another tab wrote: without its texts the next one written here would take them from the storage.
addEventListener('storage', (event) => {
  if (event.key === NAME && event.newValue !== null) void useDrafts.persist.rehydrate()
})
