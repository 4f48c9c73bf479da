import { describe, expect, it } from 'vitest'
import { paired, unpaired, type Edit, type Writing } from './pairs.ts'

/** `|` is the caret, or both ends of what is selected. */
function at(shown: string): Writing {
  const text = shown.replaceAll('|', '')
  const start = shown.indexOf('|')
  return { text, start, end: Math.max(start, shown.lastIndexOf('|') - 1) }
}
function after({ text }: Writing, edit: Edit | null): string | null {
  if (!edit) return null
  const whole = text.slice(0, edit.from) + edit.insert + text.slice(edit.to)
  const marked = edit.start === edit.end ? '|' : `|${whole.slice(edit.start, edit.end)}|`
  return whole.slice(0, edit.start) + marked + whole.slice(edit.end)
}

describe('a typed character', () => {
  it.each([
    ['(', 'round|', 'round(|)'],
    ['[', 'a in |', 'a in [|]'],
    ["'", 'a == |', "a == '|'"],
    ["'", 'in [|]', "in ['|']"],
    [')', 'round(|)', 'round()|'],
    [']', "['a'|]", "['a']|"],
    ["'", "== 'won|'", "== 'won'|"],
    ['(', '|a > 1|', '(|a > 1|)'],
    ['"', '|a|', '"|a|"'],
  ])('%s comes with its other half, which is not written twice: %s', (typed, shown, expected) => {
    expect(after(at(shown), paired(at(shown), typed))).toBe(expected)
  })
  it.each([
    ['a', '|'],
    ["'", 'it|'],
    ["'", "'won|"],
    ['(', '|self.a'],
    ['(', "'a |'"],
    [')', 'a|'],
    ['"', "'say |'"],
    ["'", "'it\\|'"],
  ])('%s stays alone: %s', (typed, shown) => {
    expect(paired(at(shown), typed)).toBe(null)
  })
})

describe('backspace', () => {
  it.each([
    ['round(|)', 'round|'],
    ["== '|'", '== |'],
    ['[|]', '|'],
  ])('takes both of an empty pair: %s', (shown, expected) => {
    expect(after(at(shown), unpaired(at(shown)))).toBe(expected)
  })
  it.each(['(a|)', '|()', '(|]', "'a'|'b'", '|()|'])('takes one character: %s', (shown) => {
    expect(unpaired(at(shown))).toBe(null)
  })
})
