import { DOOR } from './door.ts'
import { ADMINISTRATION, SETTINGS } from './pages.ts'
import { ROOMS } from './rooms.ts'
import { TALK } from './talk.ts'
import type { Screen } from './visitor.ts'

/**
 * Every screen of the page, once: the pictures of docs/screens are taken of them, and the tests of accessibility and of widths
 * (screens-*.test.ts) look into them.
 */
export const SCREENS: Screen[] = [...DOOR, ...ROOMS, ...TALK, ...SETTINGS, ...ADMINISTRATION]
