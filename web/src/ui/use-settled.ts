import { useEffect, useState } from 'react'

/** A value once it has rested for `ms`: what somebody types, a syllable being composed included, is asked for when they pause. */
export function useSettled<T>(value: T, ms: number): T {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms)
    return () => clearTimeout(timer)
  }, [value, ms])
  return settled
}
