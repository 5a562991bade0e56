import { create } from 'zustand'
import { persist } from 'zustand/middleware'
import { activateLanguage, detectLanguage } from '../i18n/index.ts'
import type { Language } from '../i18n/language.ts'

export type Theme = 'system' | 'light' | 'dark'
export type TextSize = 'small' | 'normal' | 'large' | 'larger'

/** Of what the browser's own setting asks for: all sizes of the page follow. */
const TEXT_SIZES: Record<TextSize, string> = { small: '93.75%', normal: '', large: '112.5%', larger: '125%' }

interface Settings {
  theme: Theme
  /** null: as the browser asks. */
  language: Language | null
  textSize: TextSize
  /** Whether Enter sends a message; if not, Ctrl+Enter does. */
  enterSends: boolean
  /** Whether new messages are shown by the system, where the browser allows it. */
  desktop: boolean
  sound: boolean
  /** Whether notifications leave out what was written. */
  hideText: boolean
  setTheme(theme: Theme): void
  setLanguage(language: Language): void
  setTextSize(textSize: TextSize): void
  setEnterSends(enterSends: boolean): void
  setNotifications(changes: Partial<Pick<Settings, 'desktop' | 'sound' | 'hideText'>>): void
}

/** What a person chose for this browser. `public/theme.js` reads the same entry before the first paint. */
export const useSettings = create<Settings>()(
  persist(
    (set) => ({
      theme: 'system',
      language: null,
      textSize: 'normal',
      enterSends: true,
      desktop: false,
      sound: false,
      hideText: false,
      setTheme: (theme) => set({ theme }),
      setLanguage: (language) => set({ language }),
      setTextSize: (textSize) => set({ textSize }),
      setEnterSends: (enterSends) => set({ enterSends }),
      setNotifications: (changes) => set(changes),
    }),
    { name: 'yeoul.settings' },
  ),
)

const systemDark = matchMedia('(prefers-color-scheme: dark)')

function applyTheme(): void {
  const { theme } = useSettings.getState()
  const dark = theme === 'dark' || (theme === 'system' && systemDark.matches)
  const root = document.documentElement
  root.dataset.theme = dark ? 'dark' : 'light'
  // The browser's own bars around the page take the colour of its paper.
  const bars = document.querySelector<HTMLMetaElement>('meta[name=theme-color]')!
  bars.content = getComputedStyle(root).getPropertyValue('--paper')
}

/** Puts the settings in force, now and whenever they change, in another tab or in the system too. */
export function applySettings(): void {
  const apply = () => {
    applyTheme()
    document.documentElement.style.fontSize = TEXT_SIZES[useSettings.getState().textSize] ?? ''
    activateLanguage(useSettings.getState().language ?? detectLanguage())
  }
  apply()
  useSettings.subscribe(apply)
  systemDark.addEventListener('change', applyTheme)
  addEventListener('storage', (event) => {
    if (event.key === 'yeoul.settings') void useSettings.persist.rehydrate()
  })
}
