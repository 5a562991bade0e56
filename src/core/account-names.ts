import { createHash } from 'node:crypto'
import { YeoulError } from '../protocol/errors.ts'
import { DISPLAY_NAME_LENGTH, PASSWORD_LENGTH } from '../protocol/limits.ts'
import { checkText } from './text.ts'

/** The name without white space around it. Throws `bad_text`; `bad_request` when it is too short or too long. */
export function cleanDisplayName(name: string): string {
  checkText(name)
  const clean = name.trim()
  if (clean.length < DISPLAY_NAME_LENGTH.min || clean.length > DISPLAY_NAME_LENGTH.max) {
    throw new YeoulError('bad_request', `A display name has 1 to ${DISPLAY_NAME_LENGTH.max} characters.`)
  }
  return clean
}

/** Throws `bad_request` for a password that is too short or too long. */
export function checkPassword(password: string): string {
  if (password.length < PASSWORD_LENGTH.min || password.length > PASSWORD_LENGTH.max) {
    throw new YeoulError('bad_request', `A password has ${PASSWORD_LENGTH.min} to ${PASSWORD_LENGTH.max} characters.`)
  }
  return password
}

/** A name that fits USERNAME and EXTERNAL_USERNAME, and is always the same for one person. */
export function externalUsername(externalId: string): string {
  return `ext-${createHash('sha256').update(externalId).digest('hex').slice(0, 24)}`
}
