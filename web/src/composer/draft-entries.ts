/** What the composer of a room was about, besides writing: the message that is answered or edited, and the edit so far. */
export type KeptTask = { type: 'reply'; seq: number } | { type: 'edit'; seq: number; text: string }

export interface Draft {
  text?: string | undefined
  task?: KeptTask | undefined
}

/** One entry for each room: no tab ever writes over what another one keeps of another room. */
const PREFIX = 'yeoul.draft.'
const prefixOf = (user: string) => `${PREFIX}${user}.`

/** Where an older version kept the drafts of all rooms. */
const OLD = 'yeoul.drafts'

/** What this browser keeps of a user, by room. What it still kept of somebody else is removed. */
export function draftsOf(user: string): Map<string, Draft> {
  moveOld(user)
  const drafts = new Map<string, Draft>()
  for (const key of Object.keys(localStorage)) {
    if (!key.startsWith(PREFIX)) continue
    if (key.startsWith(prefixOf(user))) drafts.set(key.slice(prefixOf(user).length), read(key))
    else localStorage.removeItem(key)
  }
  return drafts
}

export function keepDraft(user: string, room: string, { text, task }: Draft): void {
  const key = prefixOf(user) + room
  try {
    if (text === undefined && task === undefined) localStorage.removeItem(key)
    else localStorage.setItem(key, JSON.stringify({ text, task }))
  } catch {
    // A storage that is full: the draft lasts as long as this tab.
  }
}

/** Tells what another tab keeps of a room of the user's, as it stands now: tabs that write in one room agree in the end. */
export function onDraftElsewhere(told: (user: string, room: string, draft: Draft) => void): void {
  addEventListener('storage', ({ key }) => {
    if (!key?.startsWith(PREFIX)) return
    const [user, room] = key.slice(PREFIX.length).split('.')
    told(user!, room!, read(key))
  })
}

function moveOld(user: string): void {
  const { state } = parse<{
    state?: { owner: string; texts: Record<string, string>; tasks?: Record<string, KeptTask> }
  }>(localStorage.getItem(OLD))
  localStorage.removeItem(OLD)
  if (state?.owner !== user) return
  const { texts, tasks = {} } = state
  for (const room of new Set([...Object.keys(texts), ...Object.keys(tasks)])) {
    if (localStorage.getItem(prefixOf(user) + room) === null)
      keepDraft(user, room, { text: texts[room], task: tasks[room] })
  }
}

const read = (key: string) => parse<Draft>(localStorage.getItem(key))

/** What is no JSON is nothing: the page does without. */
function parse<T extends object>(text: string | null): Partial<T> {
  try {
    return JSON.parse(text ?? '{}')
  } catch {
    return {}
  }
}
