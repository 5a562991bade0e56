/**
 * Every string of the page, by the part of the page where it stands: each key with its English and its Korean words, side by
 * side (ICU MessageFormat). A key that lacks a language does not compile. Korean names are followed by 님, which takes the same
 * particle whatever the name ends in; after anything else a particle is written as a pair, `[을/를]`, and chosen when it is shown.
 */
import type { Language } from '../language.ts'
import { app } from './app.ts'
import { auth } from './auth.ts'
import { composer } from './composer.ts'
import { connection } from './connection.ts'
import { message } from './message.ts'
import { people } from './people.ts'
import { room } from './room.ts'
import { rooms } from './rooms.ts'
import { settings } from './settings.ts'
import { timeline } from './timeline.ts'
import { ui } from './ui.ts'

export const words = {
  ...app,
  ...auth,
  ...rooms,
  ...room,
  ...timeline,
  ...message,
  ...composer,
  ...people,
  ...connection,
  ...settings,
  ...ui,
} as const satisfies Words

/** Strings by key, each in every language. */
export type Words = Record<string, Record<Language, string>>

// Strings of parts that are loaded when they are first opened; they add themselves with `addWords`.
type LaterKey =
  | keyof typeof import('./account.ts').account
  | keyof typeof import('./emoji.ts').emoji
  | keyof typeof import('./admin.ts').admin
  | keyof typeof import('./admin-config.ts').adminConfig
  | keyof typeof import('./notifications.ts').notifications
  | keyof typeof import('./keyboard.ts').keyboard

export type MessageKey = keyof typeof words | LaterKey
