// Runs before the first paint, so that a dark screen never flashes white and large text does not jump. A file of its own: the CSP
// allows no inline script.
;(() => {
  let chosen = {}
  try {
    chosen = JSON.parse(localStorage.getItem('yeoul.settings') ?? '{}').state ?? {}
  } catch {
    // A browser that keeps no storage follows the system.
  }
  const { theme = 'system', textSize } = chosen
  const dark = theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  const root = document.documentElement
  root.dataset.theme = dark ? 'dark' : 'light'
  root.style.fontSize = { small: '93.75%', large: '112.5%', larger: '125%' }[textSize] ?? ''
})()
