import type { Message, Timeline } from '@yeoul/client'
import { useCallback, useEffect, useRef, useState } from 'react'
import { useClient } from '../session/client.ts'
import { useDrafts } from './drafts.ts'
import type { ComposerTask } from './task.ts'

const WRITE: ComposerTask = { type: 'write' }

interface Tasks {
  task: ComposerTask
  setTask(task: ComposerTask): void
  /** What was refused is there to be tried again: now, or when what was begun meanwhile is done. */
  giveBack(task: ComposerTask): void
}

/**
 * What the composer of a room does. An answer or an edit that was begun is taken up when the room is opened again: leaving a room
 * by accident loses nothing.
 */
export function useTask(room: string, timeline: Timeline | null): Tasks {
  const { api } = useClient()
  const keep = useDrafts((drafts) => drafts.keep)
  const [task, setTask] = useState<ComposerTask>(WRITE)
  const busy = useRef(false)
  const refused = useRef<ComposerTask[]>([])
  useEffect(() => {
    busy.current = task.type !== 'write'
  }, [task])

  useEffect(() => {
    const kept = useDrafts.getState().tasks[room]
    if (timeline === null || kept === undefined) return
    let gone = false
    const take = (message: Message | null | undefined) => {
      if (gone || useDrafts.getState().tasks[room] !== kept) return
      if (message == null || message.body === null) keep(room, null)
      else setTask(kept.type === 'edit' ? { type: 'edit', message, text: kept.text } : { type: 'reply', message })
    }
    const near = timeline.getSnapshot().messages.find(({ seq }) => seq === kept.seq)
    // Without a connection it is taken up another time.
    if (near !== undefined) take(near)
    else api.message(room, kept.seq).then(take, () => {})
    return () => {
      gone = true
    }
  }, [room, timeline, api, keep])

  const change = useCallback(
    (wanted: ComposerTask) => {
      const next = wanted.type === 'write' ? (refused.current.shift() ?? wanted) : wanted
      setTask(next)
      if (next.type === 'write') keep(room, null)
      else if (next.type === 'reply') keep(room, { type: 'reply', seq: next.message.seq })
      else keep(room, { type: 'edit', seq: next.message.seq, text: next.text ?? next.message.body ?? '' })
    },
    [room, keep],
  )
  const giveBack = useCallback(
    (given: ComposerTask) => {
      if (busy.current) refused.current.push(given)
      else change(given)
    },
    [change],
  )
  return { task, setTask: change, giveBack }
}
