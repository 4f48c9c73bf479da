import { IconStar, IconStarFilled } from '@tabler/icons-react'
import { isEmpty, numberSetting, type EditProps, type FieldKind, type Parsed, type ShowProps } from './type.ts'

/** Rating: stars; the keys are those of a radio group. */
const starsOf = (field: EditProps['field']): number => numberSetting(field, 'maximum') ?? 5

const Stars = ({ value, of }: { readonly value: number; readonly of: number }) => (
  <span className="stars" role="img" aria-label={`${value} of ${of}`}>
    {Array.from({ length: of }, (_, i) =>
      i < value ? (
        <IconStarFilled key={i} size={14} aria-hidden />
      ) : (
        <IconStar key={i} size={14} stroke={1.25} className="faint" aria-hidden />
      ),
    )}
  </span>
)
function EditRating({ id, value, field, onChange, describedBy, label, onBlur }: EditProps) {
  const of = starsOf(field)
  const at = typeof value === 'number' ? value : 0
  return (
    <span className="stars stars-edit" role="radiogroup" aria-label={label ?? field.title} aria-describedby={describedBy} onBlur={onBlur}>
      {Array.from({ length: of }, (_, i) => i + 1).map((star) => (
        <button
          key={star}
          type="button"
          role="radio"
          aria-checked={at === star}
          aria-label={`${star} of ${of}`}
          {...(star === Math.max(at, 1) && { id })}
          tabIndex={star === Math.max(at, 1) ? 0 : -1}
          onClick={() => onChange(at === star ? null : star)}
          onKeyDown={(event) => {
            const step =
              event.key === 'ArrowRight' || event.key === 'ArrowUp' ? 1 : event.key === 'ArrowLeft' || event.key === 'ArrowDown' ? -1 : 0
            if (step === 0) return
            event.preventDefault()
            const next = Math.min(Math.max(at + step, 0), of)
            onChange(next === 0 ? null : next)
            const target = event.currentTarget.parentElement?.children[Math.max(next, 1) - 1]
            if (target instanceof HTMLElement) target.focus()
          }}
        >
          {star <= at ? <IconStarFilled size={18} aria-hidden /> : <IconStar size={18} stroke={1.25} aria-hidden />}
        </button>
      ))}
    </span>
  )
}
export const rating: FieldKind = {
  Show: ({ value, field }: ShowProps) => (typeof value === 'number' ? <Stars value={value} of={starsOf(field)} /> : null),
  Edit: EditRating,
  format: (value) => (isEmpty(value) ? '' : String(value)),
  align: 'start',
  width: 110,
  parse: (text, field): Parsed => {
    if (text.trim() === '') return { value: null }
    const value = /^\s*\d+\s*$/.test(text) ? Number(text) : 0
    return value >= 1 && value <= starsOf(field) ? { value } : { fault: `Enter a whole number from 1 to ${starsOf(field)}` }
  },
  filterOps: [
    ['gte', '≥'],
    ['eq', '='],
    ['lte', '≤'],
    ['null', 'is empty'],
  ],
  instant: true,
}
