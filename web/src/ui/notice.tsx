import { useEffect } from 'react'
import { create } from 'zustand'

interface Notices {
  text: string | null
  at: number
  show(text: string): void
  hide(): void
}

const useNotices = create<Notices>((set) => ({
  text: null,
  at: 0,
  show: (text) => set({ text, at: Date.now() }),
  hide: () => set({ text: null }),
}))

/** Tells something for some seconds at the foot of the page; the newest takes the place of the one before. */
export const notify = (text: string): void => useNotices.getState().show(text)

const SHOWN_MS = 5_000

export function Notice() {
  const { text, at, hide } = useNotices()
  // biome-ignore lint/correctness/useExhaustiveDependencies: `at` starts the time anew when the same words come twice
  useEffect(() => {
    if (text === null) return
    const timer = setTimeout(hide, SHOWN_MS)
    return () => clearTimeout(timer)
  }, [text, at, hide])
  return (
    <div role="status" className="pointer-events-none fixed inset-x-3 bottom-24 z-50 flex justify-center">
      {text !== null && (
        <p className="arrive max-w-md rounded-2xl bg-ink px-4 py-2.5 text-[0.9375rem] text-paper shadow-xl">{text}</p>
      )}
    </div>
  )
}
