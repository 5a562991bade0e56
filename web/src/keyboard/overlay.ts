import { create } from 'zustand'

interface Overlay {
  /** What the keyboard has opened over the page. */
  shown: 'switcher' | 'keys' | null
  show(shown: Overlay['shown']): void
}

/** Its part of the page is fetched when it is about to be wanted. */
export const loadSwitcher = () => import('../switcher/quick-switcher.tsx')

export const useOverlay = create<Overlay>((set) => ({ shown: null, show: (shown) => set({ shown }) }))
