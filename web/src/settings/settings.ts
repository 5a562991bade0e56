import { create } from 'zustand'
import { persist } from 'zustand/middleware'
import { activateLanguage, detectLanguage } from '../i18n/index.ts'
import type { Language } from '../i18n/language.ts'

export type Theme = 'system' | 'light' | 'dark'

interface Settings {
  theme: Theme
  /** null: as the browser asks. */
  language: Language | null
  setTheme(theme: Theme): void
  setLanguage(language: Language): void
}

/** What a person chose for this browser. `public/theme.js` reads the same entry before the first paint. */
export const useSettings = create<Settings>()(
  persist(
    (set) => ({
      theme: 'system',
      language: null,
      setTheme: (theme) => set({ theme }),
      setLanguage: (language) => set({ language }),
    }),
    { name: 'yeoul.settings', partialize: ({ theme, language }) => ({ theme, language }) },
  ),
)

const systemDark = matchMedia('(prefers-color-scheme: dark)')

function applyTheme(): void {
  const { theme } = useSettings.getState()
  const dark = theme === 'dark' || (theme === 'system' && systemDark.matches)
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
}

/** Puts the settings in force, now and whenever they change, in another tab or in the system too. */
export function applySettings(): void {
  const apply = () => {
    applyTheme()
    activateLanguage(useSettings.getState().language ?? detectLanguage())
  }
  apply()
  useSettings.subscribe(apply)
  systemDark.addEventListener('change', applyTheme)
  addEventListener('storage', (event) => {
    if (event.key === 'yeoul.settings') void useSettings.persist.rehydrate()
  })
}
