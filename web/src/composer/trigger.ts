/** What is being named before the caret, and where the name begins: a person after `@`, an emoji after `:`. */
export interface Trigger {
  of: 'person' | 'emoji'
  name: string
  from: number
}

const PERSON = /(?:^|[\s([{"'“‘])@([\p{L}\d._-]{0,20})$/u
/** One Latin letter would be a face, as in `:D`. */
const EMOJI = /(?:^|[\s([{"'“‘*_~])(:([a-z\d_+-]{2,24}|(?=[^\n]*[ㄱ-ㅎㅏ-ㅣ가-힣])[\p{L}\d_]{1,24}))$/iu
const WHOLE_CODE = /(?:^|[\s([{"'“‘*_~]):([a-z\d_+-]{1,40}):$/i

export function triggerAt(text: string, caret: number): Trigger | null {
  const before = text.slice(Math.max(0, caret - 60), caret)
  const person = PERSON.exec(before)
  if (person !== null) return { of: 'person', name: person[1]!, from: caret - person[1]!.length - 1 }
  const emoji = EMOJI.exec(before)
  return emoji === null ? null : { of: 'emoji', name: emoji[2]!, from: caret - emoji[1]!.length }
}

/** A code that has just been written out, such as `:smile:`, and where it begins. */
export function codeAt(text: string, caret: number): { code: string; from: number } | null {
  const match = WHOLE_CODE.exec(text.slice(Math.max(0, caret - 60), caret))
  return match === null ? null : { code: match[1]!.toLowerCase(), from: caret - match[1]!.length - 2 }
}
