import { useSyncExternalStore } from 'react'

/** The width from which the rooms stand beside the conversation; the `wide` variant of styles.css. */
const wide = matchMedia('(width >= 56rem)')

function onChange(listener: () => void): () => void {
  wide.addEventListener('change', listener)
  return () => wide.removeEventListener('change', listener)
}

/** For what would be there twice: styles decide wherever they can. */
export const useWide = (): boolean => useSyncExternalStore(onChange, () => wide.matches)
