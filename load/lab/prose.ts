/** Text as it may stand in HTML and in its attributes. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

/** The little Markdown that experiments are described in, as HTML: paragraphs, lists, and what `inline` knows. */
export function prose(markdown: string): string {
  return markdown
    .trim()
    .split(/\n\s*\n/)
    .map((block) => {
      const lines = block.split('\n').map((line) => line.trim())
      if (!lines[0]!.startsWith('- ')) return `<p>${inline(lines.join(' '))}</p>`
      return `<ul>${items(lines)
        .map((item) => `<li>${inline(item)}</li>`)
        .join('')}</ul>`
    })
    .join('\n')
}

/** A line that does not begin an item goes on with the one before. */
function items(lines: string[]): string[] {
  const found: string[] = []
  for (const line of lines) {
    if (line.startsWith('- ')) found.push(line.slice(2))
    else found.push(`${found.pop() ?? ''} ${line}`)
  }
  return found
}

/** `code`, **strong**, *emphasis* and links to web pages, as HTML; everything else is text. */
export function inline(markdown: string): string {
  return escaped(markdown)
    .split(/(`[^`]+`)/)
    .map((part) => (part.length > 2 && part.startsWith('`') ? `<code>${part.slice(1, -1)}</code>` : styled(part)))
    .join('')
}

function styled(text: string): string {
  return text
    .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
    .replace(/\*([^*]+)\*/g, '<em>$1</em>')
    .replace(/\[([^\]]+)\]\((https?:[^\s)]+)\)/g, '<a href="$2">$1</a>')
}
