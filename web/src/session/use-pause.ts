import { useCallback, useEffect, useState } from 'react'
import { YeoulError } from './client.ts'

/** The rest of the time, in whole seconds, for which the server asked to be left alone; 0: it may be asked. */
export function usePause(): { seconds: number; pauseAfter(error: unknown): boolean } {
  const [until, setUntil] = useState(0)
  const [now, setNow] = useState(Date.now)
  const seconds = Math.max(0, Math.ceil((until - now) / 1_000))
  useEffect(() => {
    if (seconds === 0) return
    const timer = setTimeout(() => setNow(Date.now()), 250)
    return () => clearTimeout(timer)
  })
  /** Whether this error asks for a pause, which begins. */
  const pauseAfter = useCallback((error: unknown): boolean => {
    if (!(error instanceof YeoulError) || error.retryAfterMs === undefined) return false
    setNow(Date.now())
    setUntil(Date.now() + error.retryAfterMs)
    return true
  }, [])
  return { seconds, pauseAfter }
}
