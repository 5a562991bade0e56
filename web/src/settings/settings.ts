import { create } from 'zustand'
import { persist } from 'zustand/middleware'
import { activateLanguage, detectLanguage } from '../i18n/index.ts'
import type { Language } from '../i18n/language.ts'

export type Theme = 'system' | 'light' | 'dark'

interface Settings {
  theme: Theme
  /** null: as the browser asks. */
  language: Language | null
  /** Whether new messages are shown by the system, where the browser allows it. */
  desktop: boolean
  sound: boolean
  /** Whether notifications leave out what was written. */
  hideText: boolean
  setTheme(theme: Theme): void
  setLanguage(language: Language): void
  setNotifications(changes: Partial<Pick<Settings, 'desktop' | 'sound' | 'hideText'>>): void
}

/** What a person chose for this browser. `public/theme.js` reads the same entry before the first paint. */
export const useSettings = create<Settings>()(
  persist(
    (set) => ({
      theme: 'system',
      language: null,
      desktop: false,
      sound: false,
      hideText: false,
      setTheme: (theme) => set({ theme }),
      setLanguage: (language) => set({ language }),
      setNotifications: (changes) => set(changes),
    }),
    {
      name: 'yeoul.settings',
      partialize: ({ theme, language, desktop, sound, hideText }) => ({ theme, language, desktop, sound, hideText }),
    },
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
