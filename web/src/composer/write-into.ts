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
  if (inside.length >= 2 * length && inside.startsWith(mark) && inside.endsWith(mark)) {
    const bare = inside.slice(length, -length)
    writeInto(area, from, to, bare, [0, bare.length])
  } else if (
    value.slice(0, from).endsWith(mark) &&
    value.slice(to).startsWith(mark) &&
    !isLonger(value, from, to, mark)
  ) {
    writeInto(area, from - length, to + length, inside, [0, inside.length])
  } else {
    writeInto(area, from, to, mark + inside + mark, [length, length + inside.length])
  }
}

/** `*` stands around, but as a part of `**`. */
const isLonger = (value: string, from: number, to: number, mark: string) =>
  mark === '*' &&
  value.slice(0, from).endsWith('**') &&
  !value.slice(0, from).endsWith('***') &&
  value.slice(to).startsWith('**')
