import { compileExpression, type Context } from '../../engine/expressions/check.ts'
import { complete, type CompletionItem } from '../../engine/expressions/complete.ts'
import { memberNames, recordTerm } from '../../engine/expressions/check-members.ts'
import { tokensOf } from '../../engine/expressions/tokens.ts'
import type { Type } from '../../engine/expressions/types.ts'
import type { Edit } from './pairs.ts'

/** Something that can be put where the caret is. */
export interface Offer {
  readonly insert: string
  /** Shown before the label, fainter: the way to it. */
  readonly path: string
  readonly label: string
  /** In people's words: a field's title, what an operator says. */
  readonly title: string
  /** What kind of thing: `text`, `a date`. */
  readonly type: string
  readonly doc: string
}
export interface Offers {
  readonly from: number
  /** Something was begun to be written: the list narrows it down. */
  readonly begun: string
  readonly offers: readonly Offer[]
}

const most = 200

/** What may stand at the caret, likeliest first. More than the engine's completion: fields by their titles and without `self.`, operators. */
export function offersAt(text: string, caret: number, context: Context): Offers {
  const { from } = complete(text, caret, context)
  const begun = text.slice(from, caret)
  if (/^(['"]).*\1$/s.test(begun) && begun.length > 1) return { from, begun, offers: [] }
  const typed = begun.replace(/^['"]/, '').toLowerCase()
  const isText = begun !== typed && /^['"]/.test(begun)
  const items = complete(text, from, context).items.filter(({ kind }) => !isText || kind === 'option')
  const self = items.findIndex(({ kind, label }) => kind === 'root' && label === 'self')
  const offers = items.map(offerOf)
  if (self >= 0) offers.splice(self, 0, ...ownFields(context))
  if (offers.length === 0 && begun === '') return { from, begun, offers: operatorsAt(text.slice(0, caret), context) }
  const ranked = offers.map((offer) => ({ offer, rank: rankOf(offer, typed) })).filter(({ rank }) => rank < never)
  return {
    from,
    begun,
    offers: ranked
      .sort((a, b) => a.rank - b.rank)
      .map(({ offer }) => offer)
      .slice(0, most),
  }
}

const plain = { path: '', title: '', type: '', doc: '' } as const

function offerOf({ insert, label, detail, kind }: CompletionItem): Offer {
  if (kind === 'function') {
    const [, signature = detail, doc = ''] = /^([^)]*\))(?:: (.*))?$/s.exec(detail) ?? []
    return { ...plain, insert, label: signature, doc }
  }
  if (kind === 'field') {
    const at = detail.lastIndexOf(': ')
    return { ...plain, insert, label, title: at < 0 ? '' : detail.slice(0, at), type: at < 0 ? detail : detail.slice(at + 2) }
  }
  return { ...plain, insert, label: kind === 'option' ? insert : label, title: kind === 'option' ? '' : detail }
}

/** A person thinks of the field first. */
const ownFields = (context: Context): readonly Offer[] =>
  context.self === null
    ? []
    : memberNames(recordTerm({ kind: 'root', root: 'self', entity: context.self }), context).map(({ name, detail }) => ({
        ...offerOf({ insert: `self.${name}`, label: name, detail, kind: 'field' }),
        path: 'self.',
      }))

const never = 9

function rankOf({ label, title }: Offer, typed: string): number {
  if (typed === '') return 0
  const name = label.replace(/^['"]/, '').toLowerCase()
  if (name.startsWith(typed)) return 0
  if (title.toLowerCase().startsWith(typed)) return 1
  if (name.split(/[_.]/).some((word) => word.startsWith(typed))) return 2
  return title
    .toLowerCase()
    .split(/\s+/)
    .some((word) => word.startsWith(typed)) && typed.length > 1
    ? 3
    : never
}

// ── Operators: what goes on behind a value ──────────────────────────────────────────────────────────────────────────────────────────

const said = (sign: string, title: string): Offer => ({ ...plain, insert: `${sign} `, label: sign, title })
const equal = [said('==', 'is'), said('!=', 'is not')]
const ordered = [said('>', 'more than'), said('>=', 'at least'), said('<', 'less than'), said('<=', 'at most')]
const dated = [said('>', 'after'), said('>=', 'from'), said('<', 'before'), said('<=', 'until')]
const joins = [said('&&', 'and'), said('||', 'or')]
const among: Offer = { ...plain, insert: 'in [', label: 'in […]', title: 'is one of' }
const empty: readonly Offer[] = [
  { ...plain, insert: '== null ', label: '== null', title: 'is empty' },
  { ...plain, insert: '!= null ', label: '!= null', title: 'is not empty' },
]

function operatorsAt(before: string, context: Context): readonly Offer[] {
  if (!/\S\s+$/.test(before)) return []
  const clause = before.slice(clauseStart(before))
  const type = compileExpression(clause, context).expression?.type
  return type ? operatorsOf(type) : []
}

function operatorsOf(type: Type): readonly Offer[] {
  switch (type.kind) {
    case 'boolean':
      return [...joins, ...equal]
    case 'number':
    case 'duration':
      return [...equal, ...ordered, ...empty]
    case 'date':
    case 'dateTime':
    case 'time':
      return [...dated, ...equal, ...empty]
    case 'text':
      return [...equal, among, ...empty]
    case 'record':
      return [...equal, ...empty]
    default:
      return empty
  }
}

/** Where what the caret stands behind begins: after the last `&&`, `||`, opening bracket or comma. */
function clauseStart(before: string): number {
  let depth = 0
  for (const { kind, text, end } of tokensOf(before).tokens.toReversed()) {
    if (kind !== 'sign') continue
    if (text === ')' || text === ']') depth++
    else if (text === '(' || text === '[') {
      if (depth-- === 0) return end
    } else if (depth === 0 && (text === '&&' || text === '||' || text === ',' || text === '?' || text === ':' || text === '!')) return end
  }
  return 0
}

// ── Taking one ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Puts an offer where it was begun. What is already there of it, a rest of the name or the second quote, is not written twice. */
export function taken(text: string, caret: number, { from, begun }: Offers, { insert }: Offer): Edit {
  const rest = text.slice(caret)
  const quote = /^['"]/.exec(begun)?.[0]
  const over = quote === undefined ? (/^\w+/.exec(begun === '' ? '' : rest)?.[0].length ?? 0) : rest.startsWith(quote) ? 1 : 0
  const next = rest.charAt(over)
  const opening = insert.at(-1)
  if (opening === '(' || opening === '[') {
    if (next === opening) return edit(from, caret + over, insert.slice(0, -1), insert.length)
    if (!/[\w'"]/.test(next)) return edit(from, caret + over, insert + (opening === '(' ? ')' : ']'), insert.length)
  }
  const own = insert.endsWith(' ') && next === ' ' ? insert.slice(0, -1) : insert
  return edit(from, caret + over, own, own.length)
}
const edit = (from: number, to: number, insert: string, length: number): Edit => ({
  from,
  to,
  insert,
  start: from + length,
  end: from + length,
})
