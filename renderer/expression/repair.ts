import { quoted } from '../../engine/expressions/format.ts'
import { rootNames } from '../../engine/expressions/terms.ts'
import type { ExpressionFault } from '../../engine/expressions/types.ts'

/** What is wrong, for a person, and what would put it right; null: only they know. */
export interface Advice {
  readonly sentence: string
  readonly replacement: string | null
}

const suggested = / ?Did you mean "([^"]+)"\?$/
/** `write && for "and"`, `write self.stage`: what is to stand in the place of the fault. Advice that needs more than a click is none. */
const told = /^write ([=!<>&|*/%-]+|(?:self|true|false|null)\b[\w.]*)(?=$|[ ;,])/
const literal = /: write (\d[\d.]*|'[^']+'|dateTime\('[^']+'\))$/
/** A comparison that is to stand in the place of one. */
const search = /: write (.+ in [\w.]+|!\(.+ in [\w.]+\))$/
/** A part of the value that stands there. */
const part = /: write (\.\w+)\b/
/** What a part is read of as it stands. */
const isOne = /^[\w.]+(?:\([^()]*\))?$/
const inQuotes = /; put texts in quotes$/

export function adviceFor(text: string, { start, end, detail }: ExpressionFault): Advice {
  const wrong = text.slice(start, end)
  const meant = suggested.exec(detail)?.[1]
  if (meant !== undefined) {
    return { sentence: sentenceOf(detail.replace(suggested, '')), replacement: /^['"]/.test(wrong) ? quoted(meant) : meant }
  }
  if (detail.startsWith('put texts in straight quotes')) return { sentence: sentenceOf(detail), replacement: quoted(wrong.slice(1, -1)) }
  if (inQuotes.test(detail)) return { sentence: sentenceOf(`there is no "${wrong}" here; put texts in quotes`), replacement: quoted(wrong) }
  const written = (told.exec(detail) ?? literal.exec(detail) ?? search.exec(detail))?.[1]
  const missing = part.exec(detail)?.[1]
  return {
    sentence: sentenceOf(detail),
    replacement: missing === undefined ? (written ?? null) : (isOne.test(wrong) ? wrong : `(${wrong})`) + missing,
  }
}

/** The checker speaks in fragments. A name of the language keeps its small letter. */
export function sentenceOf(fragment: string): string {
  const [first = ''] = /^\w+/.exec(fragment) ?? []
  const isName = first === 'in' || (rootNames as readonly string[]).includes(first)
  const whole = isName ? fragment : fragment.charAt(0).toUpperCase() + fragment.slice(1)
  return /[.?!]$/.test(whole) ? whole : `${whole}.`
}
