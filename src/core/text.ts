import { YeoulError } from '../protocol/errors.ts'

/** Rejects what no database can keep: U+0000 and lone surrogates (decision 7). */
export function checkText(text: string): void {
  if (!text.isWellFormed() || text.includes('\0')) throw new YeoulError('bad_text')
}
