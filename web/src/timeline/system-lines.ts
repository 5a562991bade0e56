import type { RoomEvent, Timeline } from '@yeoul/client'
import { useEffect, useState } from 'react'
import type { SystemLine } from './items.ts'

/** Lines that are kept; a crowd that comes and goes fills few of them, as neighbours become one. */
const KEPT = 200

const TOLD = new Set(['join', 'leave', 'member', 'room'])

/** What happened to the room and its members since it was opened, as lines between the messages. */
export function useSystemLines(timeline: Timeline): readonly SystemLine[] {
  const [lines, setLines] = useState<readonly SystemLine[]>([])
  useEffect(() => {
    let waiting: RoomEvent[] = []
    let frame = 0
    let lastMessage = 0
    const stop = timeline.onEvent((event) => {
      if (event.type === 'message') lastMessage = event.seq
      if (!TOLD.has(event.type)) return
      waiting.push(event)
      // A storm of joins is told once a frame.
      frame ||= requestAnimationFrame(() => {
        frame = 0
        const told = waiting
        waiting = []
        setLines((before) => told.reduce((all, each) => withEvent(all, each, lastMessage), before).slice(-KEPT))
      })
    })
    return () => {
      stop()
      cancelAnimationFrame(frame)
    }
  }, [timeline])
  return lines
}

function withEvent(lines: readonly SystemLine[], event: RoomEvent, lastMessage: number): readonly SystemLine[] {
  const last = lines.at(-1)
  const alike = last?.events[0]?.type === event.type && (event.type === 'join' || isPlainLeave(event, last))
  if (last === undefined || !alike || lastMessage > last.seq) {
    return [...lines, { seq: event.seq, at: event.at, events: [event] }]
  }
  return lines.with(-1, { ...last, events: [...last.events, event] })
}

function isPlainLeave(event: RoomEvent, line: SystemLine): boolean {
  const first = line.events[0]
  return event.type === 'leave' && event.reason === 'left' && first?.type === 'leave' && first.reason === 'left'
}
