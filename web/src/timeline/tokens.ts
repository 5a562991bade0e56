export type Token = { text: string } | { link: string } | { mention: string }

const PATTERN =
  /(https?:\/\/(?:localhost|\d{1,3}(?:\.\d{1,3}){3}|[\p{L}\d.-]+\.[a-z]{2,})(?::\d+)?(?:[/?#][^\s<>"]*)?)|(?<![\p{L}\p{N}@._-])@([a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])?)/giu

/** Splits a body into plain text, web addresses and @names. Nothing in it is ever taken for HTML. */
export function tokensOf(body: string): Token[] {
  const tokens: Token[] = []
  let from = 0
  for (const match of body.matchAll(PATTERN)) {
    const found = match[1] === undefined ? match[0] : withoutTail(match[1])
    if (match.index > from) tokens.push({ text: body.slice(from, match.index) })
    tokens.push(match[1] === undefined ? { mention: match[2]! } : { link: found })
    from = match.index + found.length
  }
  if (from < body.length) tokens.push({ text: body.slice(from) })
  return tokens
}

/** The stop at the end of a sentence, and a bracket that was opened before the address, are not part of it. */
function withoutTail(address: string): string {
  // How many more brackets close than open, up to `end`; kept along the way, so that the work grows with the length alone.
  let closing = 0
  for (const sign of address) closing += sign === ')' ? 1 : sign === '(' ? -1 : 0
  let end = address.length
  for (; end > 0; end--) {
    const last = address[end - 1]!
    if (last === ')') {
      if (closing <= 0) break
      closing--
    } else if (!/[.,!?;:\]}'"’”…]/.test(last)) break
  }
  return address.slice(0, end)
}
