import type { Message, Timeline } from '@yeoul/client'
import { type MouseEvent, type PointerEvent, useMemo } from 'react'
import { indexOfSeq } from './items.ts'

/** A finger that rests so long presses. */
const LONG_MS = 420
/** And moves no further than this meanwhile, in px: else it scrolls. */
const STILL = 10

/**
 * On a touch screen, a long press on a message asks what can be done with it, and so does a tap while nobody is writing (a tap
 * then only puts the keyboard away). Heard by the list, so that a row costs nothing.
 */
export function usePress(timeline: Timeline, onPress: (message: Message) => void) {
  return useMemo(() => {
    const ask = (seq: number) => {
      const { messages } = timeline.getSnapshot()
      const message = messages[indexOfSeq(messages, seq)]
      if (message !== undefined && message.body !== null) onPress(message)
    }
    let press: { seq: number; x: number; y: number; timer: ReturnType<typeof setTimeout>; long: boolean } | null = null
    let writing = false
    const end = () => {
      if (press !== null) clearTimeout(press.timer)
    }
    return {
      onPointerDown(event: PointerEvent) {
        end()
        const seq = event.pointerType === 'touch' ? seqAt(event.target) : null
        writing = document.activeElement?.id === 'composer'
        if (seq === null) {
          press = null
          return
        }
        const timer = setTimeout(() => {
          if (press === null) return
          press.long = true
          swallowNextClick()
          navigator.vibrate?.(10)
          ask(seq)
        }, LONG_MS)
        press = { seq, x: event.clientX, y: event.clientY, timer, long: false }
      },
      onPointerMove(event: PointerEvent) {
        if (press !== null && Math.hypot(event.clientX - press.x, event.clientY - press.y) > STILL) end()
      },
      onPointerUp: end,
      onPointerCancel: end,
      onClickCapture(event: MouseEvent) {
        if ((event.nativeEvent as globalThis.PointerEvent).pointerType !== 'touch' || press === null) return
        if (!press.long && !writing) ask(press.seq)
        press = null
      },
      onContextMenu(event: MouseEvent) {
        if (press !== null) event.preventDefault()
      },
    }
  }, [timeline, onPress])
}

/** The finger is lifted where something else has appeared meanwhile: that is no tap on it. The next touch is. */
function swallowNextClick(): void {
  const swallow = (event: globalThis.MouseEvent) => {
    event.preventDefault()
    event.stopPropagation()
  }
  addEventListener('click', swallow, { capture: true, once: true })
  addEventListener('pointerdown', () => removeEventListener('click', swallow, true), { capture: true, once: true })
}

/** The message under a finger; null on its links and buttons, which have a use of their own. */
function seqAt(target: EventTarget): number | null {
  if (!(target instanceof Element) || target.closest('a, button, pre') !== null) return null
  const seq = target.closest<HTMLElement>('article[data-seq]')?.dataset.seq
  return seq === undefined ? null : Number(seq)
}
