import { create } from 'zustand'

interface Overlay {
  /** What the keyboard has opened over the page. */
  shown: 'switcher' | 'keys' | null
  show(shown: Overlay['shown']): void
}

export const loadSwitcher = () => import('../switcher/quick-switcher.tsx')

/** Fetches its part of the page when it is about to be wanted. When that fails it is fetched where it is shown. */
export const prepareSwitcher = (): void => void loadSwitcher().catch(() => {})

export const useOverlay = create<Overlay>((set) => ({ shown: null, show: (shown) => set({ shown }) }))
