import { DOOR } from './door.ts'
import { ADMINISTRATION, SETTINGS } from './pages.ts'
import { ROOMS } from './rooms.ts'
import { TALK } from './talk.ts'
import type { Screen } from './visitor.ts'

/** The screens of the page by the part of it where they stand. */
export const PARTS: Record<string, Screen[]> = {
  'the door and the beginning': DOOR,
  'rooms and people': ROOMS,
  'reading and writing': TALK,
  'the settings': SETTINGS,
  'the administration': ADMINISTRATION,
}

/**
 * Every screen of the page, once: the pictures of docs/screens are taken of them, and the tests of accessibility and of widths
 * (screens-*.test.ts) look into them.
 */
export const SCREENS: Screen[] = Object.values(PARTS).flat()
