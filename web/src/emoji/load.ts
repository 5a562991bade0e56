import { type Emoji, emojiOf } from './emoji.ts'

let loading: Promise<readonly Emoji[]> | null = null

/** All emoji that this browser can draw; fetched once, when they are first needed. */
export function loadEmoji(): Promise<readonly Emoji[]> {
  loading ??= import('virtual:emoji').then(({ default: rows }) => emojiOf(rows, newestVersion()))
  loading.catch(() => {
    loading = null
  })
  return loading
}

/** One emoji of each version that brought new ones of a single character. */
const PROBES: [version: number, sign: string][] = [
  [17, '🫪'],
  [16, '🫩'],
  [15.1, '🫨'],
  [14, '🫠'],
  [13.1, '🥲'],
  [12.1, '🥱'],
]
/** Every system of the last years has these. */
const OLDEST = 12.1

/** The newest Unicode Emoji version that the system's fonts draw: an emoji keeps its colours whatever colour it is drawn in. */
function newestVersion(): number {
  const canvas = document.createElement('canvas')
  canvas.width = 20
  canvas.height = 20
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (context === null) return OLDEST
  const drawn = (sign: string, colour: string) => {
    context.clearRect(0, 0, 20, 20)
    context.font = '16px "Apple Color Emoji", "Segoe UI Emoji", "Noto Color Emoji", sans-serif'
    context.fillStyle = colour
    context.fillText(sign, 0, 16)
    return context.getImageData(0, 0, 20, 20).data.join()
  }
  return PROBES.find(([, sign]) => drawn(sign, '#f00') === drawn(sign, '#00f'))?.[0] ?? OLDEST
}
