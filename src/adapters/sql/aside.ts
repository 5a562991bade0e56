import type { Expression, Kysely } from 'kysely'
import type { Tables } from './tables.ts'

/**
 * What a query finds, laid aside to be put in order once all of it is there. For a page of few rows that are named:
 * PostgreSQL, told not to sort where an index has the order, would go along that index through all rows that are not meant.
 */
export function aside<Row extends Record<string, unknown>>(db: Kysely<Tables>, query: Expression<Row>) {
  return db
    .with(
      (cte) => cte('found').materialized(),
      () => query,
    )
    .selectFrom('found')
    .selectAll()
}
