/** The ways back of the screen at hand, the newest last: Ctrl+Z takes them one by one. What failed never gets here. */
interface Step {
  readonly at: number
  readonly run: () => void
}
let steps: readonly Step[] = []
const most = 50
/** What was done a moment before the screen changed belongs to the new one: a deleted record leads back to its list. */
const grace = 1000

/** A way back that is taken once, be it by its button or by key. */
export function rememberUndo(undo: () => void): () => void {
  const step: Step = {
    at: Date.now(),
    run: () => {
      if (!steps.includes(step)) return
      steps = steps.filter((each) => each !== step)
      undo()
    },
  }
  steps = [...steps.slice(1 - most), step]
  return step.run
}

/** Takes the last change back; false: there is none. */
export function undoLast(): boolean {
  const last = steps.at(-1)
  last?.run()
  return last !== undefined
}

/** The screen is left: what was changed there is not taken back from elsewhere. */
export function forgetUndo(now = Date.now()): void {
  steps = steps.filter((step) => now - step.at < grace)
}
