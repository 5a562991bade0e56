import { useEffect } from 'react'

let toNewest: (() => void) | null = null

/** Says how the conversation on the screen is brought to its newest message, for as long as it is shown. */
export function useNewest(go: () => void): void {
  useEffect(() => {
    toNewest = go
    return () => {
      if (toNewest === go) toNewest = null
    }
  }, [go])
}

/** To the newest message of the open conversation, which is read by being shown. */
export const goToNewest = (): void => toNewest?.()
