import { type RawBuilder, sql } from 'kysely'

/**
 * Whether a user's name begins with `q`, or a word of the display name does. `users` is the table as the query calls it. Both
 * sides are folded by the database, which may fold fewer letters than JavaScript does.
 */
export function nameBegins(users: string, q: string): RawBuilder<boolean> {
  const literal = q.replace(/[\\%_]/g, '\\$&')
  const begins = (column: 'username' | 'display_name', pattern: string) =>
    sql<boolean>`lower(${sql.ref(`${users}.${column}`)}) like lower(${pattern}) escape '\\'`
  return sql<boolean>`(${begins('username', `${literal}%`)}
    or ${begins('display_name', `${literal}%`)} or ${begins('display_name', `% ${literal}%`)})`
}
