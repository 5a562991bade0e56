import { YeoulError } from '../../protocol/errors.ts'

/** A page's end as an opaque token: the sort keys of its last row. */
function encodeCursor(keys: number[]): string {
  return Buffer.from(JSON.stringify(keys)).toString('base64url')
}

/** The sort keys behind a cursor of `length` keys. Rejects `bad_request` for anything that this server did not make. */
export function decodeCursor(cursor: string, length: number): number[] {
  let keys: unknown
  try {
    keys = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    keys = null
  }
  if (Array.isArray(keys) && keys.length === length && keys.every((key) => Number.isSafeInteger(key))) {
    return keys as number[]
  }
  throw new YeoulError('bad_request', 'The cursor is not one that this server gave.')
}

/** A page of at most `limit` of the rows, which were asked for with one more than `limit`. */
export function pageOf<Row, Item>(
  rows: Row[],
  limit: number,
  itemOf: (row: Row) => Item,
  keysOf: (row: Row) => number[],
): { items: Item[]; nextCursor: string | null } {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return {
    items: shown.map(itemOf),
    nextCursor: rows.length > limit && last !== undefined ? encodeCursor(keysOf(last)) : null,
  }
}
