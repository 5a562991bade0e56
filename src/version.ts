import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The version of the package that this file belongs to, whether it runs from the sources or from what is packed. */
export const VERSION: string = versionAbove(import.meta.dirname)

function versionAbove(folder: string): string {
  try {
    const found = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name: string; version: string }
    if (found.name === 'yeoul') return found.version
  } catch {
    // No package.json in this folder.
  }
  const parent = dirname(folder)
  if (parent === folder) throw new Error('package.json of yeoul is missing')
  return versionAbove(parent)
}
