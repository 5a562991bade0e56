import { useEffect, useState } from 'react'

/** Whether `on` has held for `ms` without a break: what passes sooner is not worth a word. */
export function useLasting(on: boolean, ms: number): boolean {
  const [lasting, setLasting] = useState(false)
  useEffect(() => {
    if (!on) {
      setLasting(false)
      return
    }
    const timer = setTimeout(() => setLasting(true), ms)
    return () => clearTimeout(timer)
  }, [on, ms])
  return lasting && on
}
