import { segmentsOf } from '../expression/segments.ts'

/** A formula to be read: coloured, and each of its alternatives or conditions on a line of its own. */
export function FormulaText({ text }: { readonly text: string }) {
  let depth = 0
  return segmentsOf(text, []).map(({ start, text: own, look }) => {
    if (look === 'sign') depth += /^[([]$/.test(own) ? 1 : /^[)\]]$/.test(own) ? -1 : 0
    const breaks = look === 'sign' && depth === 0 && (own === '&&' || own === '||')
    return (
      <span key={start} data-look={look}>
        {breaks ? `\n${own}` : own}
      </span>
    )
  })
}
