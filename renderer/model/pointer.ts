/**
 * A press moves the focus before it is a click: what then appears would push away the button below the pointer, and the click with it.
 * So whatever follows from leaving a field waits until the pointer is let go.
 */
const waiting: (() => void)[] = []
let isPressed = false

const press = (): void => {
  isPressed = true
}
/** The click comes with the release, before any timer. */
const release = (): void => {
  setTimeout(() => {
    isPressed = false
    for (const run of waiting.splice(0)) run()
  })
}

// A touch is pressed and released first, and becomes the events of a mouse, with the focus, after that.
for (const begin of ['pointerdown', 'mousedown']) globalThis.addEventListener?.(begin, press, true)
for (const end of ['pointerup', 'pointercancel', 'mouseup', 'dragend']) globalThis.addEventListener?.(end, release, true)
// Of the window itself: what is released elsewhere is not heard of.
globalThis.addEventListener?.('blur', release)

/** At once, unless a pointer is down: then when it is let go and has clicked. */
export function whenReleased(run: () => void): void {
  if (isPressed) waiting.push(run)
  else run()
}
