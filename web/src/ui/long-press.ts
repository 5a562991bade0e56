import { type MouseEvent, type PointerEvent, useCallback, useEffect, useRef } from 'react'

const HELD_MS = 450
/** In px; a finger that moves further scrolls. */
const STILL = 10

/**
 * Handlers for what a right click opens, and on a touch screen a finger that rests. Phones that tell a long press as a right
 * click do both, which is the same.
 */
export function useLongPress(open: () => void) {
  const press = useRef({ timer: 0, x: 0, y: 0, held: false })
  const end = useCallback(() => clearTimeout(press.current.timer), [])
  useEffect(() => end, [end])
  return {
    onContextMenu: (event: MouseEvent) => {
      event.preventDefault()
      open()
    },
    onPointerDown: (event: PointerEvent) => {
      end()
      press.current.held = false
      if (event.pointerType !== 'touch') return
      const { clientX: x, clientY: y } = event
      const timer = window.setTimeout(() => {
        press.current.held = true
        open()
      }, HELD_MS)
      press.current = { timer, x, y, held: false }
    },
    onPointerMove: ({ clientX, clientY }: PointerEvent) => {
      const { x, y } = press.current
      if (Math.hypot(clientX - x, clientY - y) > STILL) end()
    },
    onPointerUp: end,
    onPointerCancel: end,
    /** Lifting the finger is no click. */
    onClickCapture: (event: MouseEvent) => {
      if (!press.current.held) return
      press.current.held = false
      event.preventDefault()
      event.stopPropagation()
    },
  }
}
