import { create } from 'zustand'
import { forgetAtSignOut } from '../session/forget.ts'
import { type Draft, draftsOf, type KeptTask, keepDraft, onDraftElsewhere } from './draft-entries.ts'

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

/** Unsent text by room, and unfinished edits and replies; they survive switching rooms and a reload, and other tabs know them. */
export const useDrafts = create<Drafts>()((set, get) => {
  const store = (room: string) => {
    const { owner, texts, tasks } = get()
    // An edit that a sign-out broke off comes back when there is nobody to keep it for.
    if (owner !== '') keepDraft(owner, room, { text: texts[room], task: tasks[room] })
  }
  return {
    ...EMPTY,
    claim(user) {
      if (get().owner === user) return
      set({ ...EMPTY, owner: user })
      for (const [room, draft] of draftsOf(user)) take(room, draft)
    },
    write(room, text) {
      set(({ texts }) => ({ texts: withEntry(texts, room, text === '' ? undefined : text) }))
      store(room)
    },
    keep(room, task) {
      set(({ tasks }) => ({ tasks: withEntry(tasks, room, task ?? undefined) }))
      store(room)
    },
  }
})

forgetAtSignOut(() => useDrafts.setState(EMPTY))

onDraftElsewhere((user, room, draft) => {
  if (useDrafts.getState().owner === user) take(room, draft)
})

function take(room: string, { text, task }: Draft): void {
  useDrafts.setState(({ texts, tasks }) => ({
    texts: withEntry(texts, room, text),
    tasks: withEntry(tasks, room, task),
  }))
}

function withEntry<T>(entries: Record<string, T>, key: string, value: T | undefined): Record<string, T> {
  if (value !== undefined) return { ...entries, [key]: value }
  const { [key]: _, ...others } = entries
  return others
}
