import { beforeEach, expect, it } from 'vitest'
import { forgetUndo, rememberUndo, undoLast } from './undo.ts'

const later = (): number => Date.now() + 60_000
beforeEach(() => forgetUndo(later()))

it('takes changes back one by one, the last first, and each once', () => {
  const taken: string[] = []
  rememberUndo(() => taken.push('first'))
  const byButton = rememberUndo(() => taken.push('second'))
  rememberUndo(() => taken.push('third'))
  expect(undoLast()).toBe(true)
  byButton()
  byButton()
  expect(undoLast()).toBe(true)
  expect(undoLast()).toBe(false)
  expect(taken).toEqual(['third', 'second', 'first'])
})

it('takes nothing back once the screen was left, but what led away from it', () => {
  const taken: string[] = []
  const byButton = rememberUndo(() => taken.push('before'))
  forgetUndo(later())
  byButton()
  expect(undoLast()).toBe(false)
  rememberUndo(() => taken.push('deleted'))
  forgetUndo()
  expect(undoLast()).toBe(true)
  expect(taken).toEqual(['deleted'])
})
