import type { Viewer } from './town.ts'
import { type Screen, wordsOf } from './visitor.ts'

/** The pages of the settings or the administration, by the strings that name them. */
function pagesOf(part: 'settings' | 'admin', viewer: Viewer, title: string): Screen[] {
  return wordsOf(`${part}.page.`).map((key) => {
    const name = key.slice(`${part}.page.`.length)
    return {
      name: `${part}-${name}`,
      title: `${title}: ${name}`,
      open: async (visit) => {
        const page = await visit.tab(viewer, `#/${part}/${name}`)
        await page.getByRole('link', { name: visit.word(key), exact: true }).waitFor()
        await page.waitForLoadState('networkidle')
        return page
      },
    }
  })
}

export const SETTINGS: Screen[] = pagesOf('settings', 'member', 'Settings')
export const ADMINISTRATION: Screen[] = pagesOf('admin', 'admin', 'Administration')
