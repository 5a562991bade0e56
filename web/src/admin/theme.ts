import { useMemo, useSyncExternalStore } from 'react'

const root = document.documentElement

function onTheme(listener: () => void): () => void {
  const observer = new MutationObserver(listener)
  observer.observe(root, { attributes: true, attributeFilter: ['data-theme'] })
  return () => observer.disconnect()
}

const TOKENS = ['accent', 'count', 'faint', 'line', 'surface'] as const
export type Tones = Record<(typeof TOKENS)[number], string> & { font: string }

/** The page's colours and its font for a canvas, which knows no tokens; new ones when the theme changes. */
export function useTones(): Tones {
  const theme = useSyncExternalStore(onTheme, () => root.dataset.theme)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the tokens are read anew when the theme is another
  return useMemo(() => {
    const style = getComputedStyle(root)
    const tones = Object.fromEntries(TOKENS.map((token) => [token, style.getPropertyValue(`--${token}`).trim()]))
    return { ...tones, font: style.getPropertyValue('--font').trim() } as Tones
  }, [theme])
}
