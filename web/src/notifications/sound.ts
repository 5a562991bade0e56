/** Two soft notes, a fifth apart, as a drop that falls into water. */
const NOTES = [
  { hertz: 587.33, at: 0 },
  { hertz: 880, at: 0.11 },
]
const LOUD = 0.09
const FADE_S = 0.5
/** However much comes at once, it sounds once. */
const REST_MS = 1_500

let context: AudioContext | null = null
let restsUntil = 0

/** Sounds for new messages: once for what comes together. */
export function soundNews(): void {
  if (performance.now() < restsUntil) return
  restsUntil = performance.now() + REST_MS
  playSound()
}

/** Plays the sound of a new message, if the browser lets a page be heard: not before somebody has used it. */
export function playSound(): void {
  if (!navigator.userActivation.hasBeenActive) return
  context ??= new AudioContext()
  void context.resume()
  const now = context.currentTime
  for (const { hertz, at } of NOTES) {
    const start = now + at
    const note = new OscillatorNode(context, { type: 'sine', frequency: hertz })
    const gain = new GainNode(context, { gain: 0 })
    gain.gain.setValueAtTime(0, start)
    gain.gain.linearRampToValueAtTime(LOUD, start + 0.012)
    gain.gain.exponentialRampToValueAtTime(0.0001, start + FADE_S)
    note.connect(gain).connect(context.destination)
    note.start(start)
    note.stop(start + FADE_S)
  }
}
