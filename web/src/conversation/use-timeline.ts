import type { Timeline, TimelineSnapshot } from '@yeoul/client'
import { useEffect, useState, useSyncExternalStore } from 'react'
import { useClient } from '../session/client.ts'

/** The live timeline of a room for as long as the component is there. */
export function useOpenRoom(room: string): Timeline | null {
  const client = useClient()
  const [timeline, setTimeline] = useState<Timeline | null>(null)
  useEffect(() => {
    const opened = client.openRoom(room)
    setTimeline(opened)
    return () => {
      setTimeline(null)
      opened.close()
    }
  }, [client, room])
  return timeline
}

/** Whether the membership of an open room is over; false until its timeline is there. */
export function useEnded(timeline: Timeline | null): boolean {
  return useSyncExternalStore(
    timeline?.subscribe ?? subscribeToNothing,
    () => timeline?.getSnapshot().state === 'ended',
  )
}
const subscribeToNothing = () => () => {}

/** One value out of a timeline; renders anew only when that value changes. */
export function useTimelineValue<T>(timeline: Timeline, select: (snapshot: TimelineSnapshot) => T): T {
  return useSyncExternalStore(timeline.subscribe, () => select(timeline.getSnapshot()))
}
