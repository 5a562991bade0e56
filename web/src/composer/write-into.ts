/**
 * Puts text in the place of a part of the field, as if it had been typed: the browser can undo it, and React hears of it. Then
 * selects what is asked for, counted from where the text begins; else stands behind it.
 */
export function writeInto(
  area: HTMLTextAreaElement,
  from: number,
  to: number,
  text: string,
  select?: [number, number],
) {
  area.focus()
  area.setSelectionRange(from, to)
  const typed = text === '' ? document.execCommand('delete') : document.execCommand('insertText', false, text)
  if (!typed) {
    area.setRangeText(text, from, to, 'end')
    area.dispatchEvent(new Event('input', { bubbles: true }))
  }
  const [start, end] = select ?? [text.length, text.length]
  area.setSelectionRange(from + start, from + end)
}

/** Puts a mark around what is selected, or takes it away when it is there already; around nothing, it waits for text. */
export function toggleMark(area: HTMLTextAreaElement, mark: string): void {
  const { selectionStart: from, selectionEnd: to, value } = area
  const inside = value.slice(from, to)
  const { length } = mark
  const signs = Math.min(runBefore(value, from, mark[0]!), runAfter(value, to, mark[0]!))
  // One asterisk is italic, two are bold, three are both.
  const marked = mark === '*' ? signs % 2 === 1 : signs >= length
  if (marked) writeInto(area, from - length, to + length, inside, [0, inside.length])
  else writeInto(area, from, to, mark + inside + mark, [length, length + inside.length])
}

function runBefore(text: string, at: number, sign: string): number {
  let run = 0
  while (text[at - run - 1] === sign) run++
  return run
}

function runAfter(text: string, at: number, sign: string): number {
  let run = 0
  while (text[at + run] === sign) run++
  return run
}
