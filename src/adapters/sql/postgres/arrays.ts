/**
 * Columns as PostgreSQL's array literals, for UNNEST. Written here because pg's own way costs several times as much. A
 * column without any value is one NULL: UNNEST fills it up.
 */
export function numbers(values: (number | null)[]): string | null {
  let text = ''
  let any = false
  for (const value of values) {
    any ||= value !== null
    text += text === '' ? (value ?? 'NULL') : `,${value ?? 'NULL'}`
  }
  return any ? `{${text}}` : null
}

export function texts(values: (string | null)[]): string | null {
  let text = ''
  let any = false
  for (const value of values) {
    if (text !== '') text += ','
    if (value === null) {
      text += 'NULL'
    } else {
      any = true
      text += `"${SPECIAL.test(value) ? value.replace(ALL_SPECIAL, '\\$&') : value}"`
    }
  }
  return any ? `{${text}}` : null
}

const SPECIAL = /["\\]/
const ALL_SPECIAL = /["\\]/g
