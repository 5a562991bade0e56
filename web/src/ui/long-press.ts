import { type MouseEvent, type PointerEvent, useEffect, useState } from 'react'

/** A finger that rests so long presses. Browsers tell of a long press themselves a little later. */
const HELD_MS = 450
/** In px; a finger that moves further scrolls. */
const STILL = 10
/** A click that belongs to a finger comes within this time after it was lifted. */
const CLICK_MS = 500

/** Notices a finger that rests in one place. Whatever hears of pointers hands them on to it. */
export class LongPress {
  #timer: ReturnType<typeof setTimeout> | undefined
  #from = { clientX: 0, clientY: 0 }

  /** A pointer was put down: calls `held` if it is a finger that stays. Lifting it is no click then. */
  begin({ pointerType, clientX, clientY }: PointerEvent, held: () => void): void {
    this.end()
    if (pointerType !== 'touch') return
    this.#from = { clientX, clientY }
    this.#timer = setTimeout(() => {
      swallowClick()
      navigator.vibrate?.(10)
      held()
    }, HELD_MS)
  }

  readonly move = ({ clientX, clientY }: PointerEvent): void => {
    if (Math.hypot(clientX - this.#from.clientX, clientY - this.#from.clientY) > STILL) this.end()
  }

  readonly end = (): void => clearTimeout(this.#timer)
}

/** What notices long presses for as long as the component is there. */
export function useFinger(): LongPress {
  const [finger] = useState(() => new LongPress())
  useEffect(() => finger.end, [finger])
  return finger
}

/**
 * Handlers for what a right click opens, and on a touch screen a finger that rests. Phones that tell a long press as a right
 * click do both, which is the same.
 */
export function useLongPress(open: () => void) {
  const finger = useFinger()
  return {
    onContextMenu: (event: MouseEvent) => {
      event.preventDefault()
      open()
    },
    onPointerDown: (event: PointerEvent) => finger.begin(event, open),
    onPointerMove: finger.move,
    onPointerUp: finger.end,
    onPointerCancel: finger.end,
  }
}

/** The finger is lifted where something else has appeared meanwhile: that is no tap on it. Any other click is one. */
function swallowClick(): void {
  const over = new AbortController()
  const options = { capture: true, signal: over.signal }
  const end = () => over.abort()
  const lifted = () => setTimeout(end, CLICK_MS)
  addEventListener('pointerdown', end, options)
  addEventListener('pointerup', lifted, options)
  addEventListener('pointercancel', lifted, options)
  addEventListener(
    'click',
    (event) => {
      event.preventDefault()
      event.stopPropagation()
      end()
    },
    options,
  )
}
