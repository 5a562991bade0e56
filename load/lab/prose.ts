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
  const html: string[] = []
  let words: string[] = []
  let items: string[] = []
  const close = () => {
    if (words.length > 0) html.push(`<p>${inline(words.join(' '))}</p>`)
    if (items.length > 0) html.push(`<ul>${items.map((item) => `<li>${inline(item)}</li>`).join('')}</ul>`)
    words = []
    items = []
  }
  for (const line of markdown.split('\n').map((text) => text.trim())) {
    if (line === '') close()
    else if (line.startsWith('- ')) {
      if (words.length > 0) close()
      items.push(line.slice(2))
    } else if (items.length > 0) items.push(`${items.pop()} ${line}`)
    else words.push(line)
  }
  close()
  return html.join('\n')
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
