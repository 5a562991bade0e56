// Runs before the first paint, so that a dark screen never flashes white. A file of its own: the CSP allows no inline script.
;(() => {
  let choice = 'system'
  try {
    choice = JSON.parse(localStorage.getItem('yeoul.settings') ?? '{}').state?.theme ?? 'system'
  } catch {
    // A browser that keeps no storage follows the system.
  }
  const dark = choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
})()
