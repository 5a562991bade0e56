import { useEffect, useState } from 'react'

const PAUSE_MS = 200

/** What somebody types, a syllable being composed included, once they pause: so often is the server asked. */
export function useSettled(words: string): string {
  const [settled, setSettled] = useState(words)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(words), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [words])
  return settled
}
