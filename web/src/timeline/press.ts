import type { Message, Timeline } from '@yeoul/client'
import { type MouseEvent, type PointerEvent, useMemo } from 'react'
import { useFinger } from '../ui/long-press.ts'
import { indexOfSeq } from './items.ts'

/**
 * On a touch screen, a long press on a message asks what can be done with it, and so does a tap while nobody is writing (a tap
 * then only puts the keyboard away). Heard by the list, so that a row costs nothing.
 */
export function usePress(timeline: Timeline, onPress: (message: Message) => void) {
  const finger = useFinger()
  return useMemo(() => {
    const ask = (seq: number) => {
      const { messages } = timeline.getSnapshot()
      const message = messages[indexOfSeq(messages, seq)]
      if (message !== undefined && message.body !== null) onPress(message)
    }
    /** The message that a finger was put on. */
    let under: number | null = null
    let writing = false
    return {
      onPointerDown(event: PointerEvent) {
        finger.end()
        under = event.pointerType === 'touch' ? seqAt(event.target) : null
        writing = document.activeElement?.id === 'composer'
        const seq = under
        if (seq !== null) finger.begin(event, () => ask(seq))
      },
      onPointerMove: finger.move,
      onPointerUp: finger.end,
      onPointerCancel: finger.end,
      onClickCapture(event: MouseEvent) {
        if ((event.nativeEvent as globalThis.PointerEvent).pointerType !== 'touch' || under === null) return
        if (!writing) ask(under)
        under = null
      },
      onContextMenu(event: MouseEvent) {
        if (under !== null) event.preventDefault()
      },
    }
  }, [finger, timeline, onPress])
}

/** The message under a finger; null on its links and buttons, which have a use of their own. */
function seqAt(target: EventTarget): number | null {
  if (!(target instanceof Element) || target.closest('a, button, pre') !== null) return null
  const seq = target.closest<HTMLElement>('article[data-seq]')?.dataset.seq
  return seq === undefined ? null : Number(seq)
}
