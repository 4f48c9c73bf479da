import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import { compileExpression, type Context } from '../../engine/expressions/check.ts'
import type { ExpressionFault, Type } from '../../engine/expressions/types.ts'
import { useLatest } from '../model/latest.ts'
import './expression.css'
import { OfferList } from './offer-list.tsx'
import { offersAt, taken, type Offer, type Offers } from './offers.ts'
import { paired, unpaired, type Edit } from './pairs.ts'
import { adviceFor } from './repair.ts'
import { segmentsOf } from './segments.ts'

interface Props {
  readonly label: string
  readonly context: Context
  /** What the place takes. */
  readonly expected: Type
  readonly text: string
  readonly onText: (text: string) => void
  /** Only ever with a text that has no fault. */
  readonly onApply: (text: string) => void
  readonly onCancel: () => void
  /** What the server had against the text, until it is another one. */
  readonly told?: { readonly text: string; readonly faults: readonly ExpressionFault[] } | null | undefined
  readonly placeholder?: string
  /** In a sheet: everything stands below each other, and nothing over what follows. */
  readonly inline?: boolean
  /** It edits a value, which is its text as it is typed: there is nothing to apply, and Escape is for whoever opened it. */
  readonly control?: Control
}
export interface Control {
  readonly id: string
  readonly autoFocus: boolean
  readonly required: boolean
  /** What says what is wrong, where that is said outside. */
  readonly describedBy: string | undefined
  readonly invalid: boolean
  readonly onBlur: (() => void) | undefined
}

const nothing: Offers = { from: 0, begun: '', offers: [] }

/** What is wrong with a text; an empty one is no expression, and nothing is wrong with it. */
function faultsOf({ text, context, expected, told }: Pick<Props, 'text' | 'context' | 'expected' | 'told'>): readonly ExpressionFault[] {
  if (text.trim() === '') return []
  const { faults } = compileExpression(text, context, expected)
  return faults ?? (told?.text === text ? told.faults : [])
}

/** One line, growing to four, in which an expression is written: coloured, completed and checked as the server will check it. */
export function ExpressionInput(props: Props) {
  const { label, context, expected, text, onText, onApply, onCancel, told, placeholder, inline = false, control } = props
  const id = useId()
  const field = useRef<HTMLTextAreaElement>(null)
  const mirror = useRef<HTMLPreElement>(null)
  const [caret, setCaret] = useState(text.length)
  const [open, setOpen] = useState(text === '' && !control)
  const [picked, setPicked] = useState<number | null>(null)
  /** The person has said that they are done, by Enter or by going elsewhere. */
  const [insisted, setInsisted] = useState(told?.text === text)

  const faults = useMemo(() => faultsOf({ text, context, expected, told }), [text, context, expected, told])
  const shown = insisted ? faults : faults.filter((fault) => !isBeingWritten(text, caret, fault))
  const completion = useMemo(() => (open ? offersAt(text, caret, context) : nothing), [open, text, caret, context])
  const { offers } = completion
  const isListed = open && offers.length > 0
  // Enter takes what is marked. Where the text could be applied as it stands, nothing is until an arrow says so.
  const isWhole = text.trim() === '' || (faults.length === 0 && (completion.begun === '' || offers[0]?.insert.endsWith(completion.begun)))
  const active = isListed ? (picked ?? (isWhole ? null : 0)) : null
  const first = shown[0]
  // The list of suggestions says how to go on; what is wrong can wait below it.
  const advice = first && (!isListed || inline) && control?.describedBy === undefined ? adviceFor(text, first) : null

  const put = ({ from, to, insert, start, end }: Edit): void => {
    const node = field.current
    if (!node) return
    node.focus()
    if (from !== to || insert !== '') {
      node.setSelectionRange(from, to)
      // The one way to write that the browser's own undo knows of.
      if (!document.execCommand(insert === '' ? 'delete' : 'insertText', false, insert)) {
        node.setRangeText(insert, from, to)
        node.dispatchEvent(new Event('input', { bubbles: true }))
      }
    }
    node.setSelectionRange(start, end)
    setCaret(end)
  }
  const take = (offer: Offer): void => {
    const change = taken(text, caret, completion, offer)
    put(change)
    setPicked(null)
    // Operators are followed by what they compare with; a field, by a point or an operator.
    setOpen(/[ ([]$/.test(offer.insert))
  }
  const apply = (): void => {
    if (faults.length === 0) return onApply(text.trim())
    setInsisted(true)
    setOpen(false)
    const { start, end } = first ?? faults[0]!
    put({ from: 0, to: 0, insert: '', start, end })
  }

  // A field that comes with a text and the focus goes on at its end; browsers would begin at its start.
  useEffect(() => {
    const node = field.current
    if (node === document.activeElement) node?.setSelectionRange(node.value.length, node.value.length)
  }, [])

  const latest = useLatest(put)
  useEffect(() => {
    const node = field.current
    const onBeforeInput = (event: InputEvent): void => {
      if (!node || event.isComposing) return
      const writing = { text: node.value, start: node.selectionStart, end: node.selectionEnd }
      const change =
        event.inputType === 'insertText' && event.data?.length === 1
          ? paired(writing, event.data)
          : event.inputType === 'deleteContentBackward'
            ? unpaired(writing)
            : null
      if (!change) return
      event.preventDefault()
      latest.current(change)
    }
    node?.addEventListener('beforeinput', onBeforeInput)
    return () => node?.removeEventListener('beforeinput', onBeforeInput)
  }, [latest])

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return
    const { key } = event
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey
    const done = (): void => {
      event.preventDefault()
      event.stopPropagation()
    }
    if (
      (key === ' ' && event.ctrlKey) ||
      (key === 'ArrowDown' && !isListed && isPlain && caret === text.length) ||
      (key === 'ArrowDown' && event.altKey)
    ) {
      done()
      setOpen(true)
      setPicked(isListed ? picked : 0)
    } else if (key === 'Escape' && (isListed || !control)) {
      done()
      if (isListed) setOpen(false)
      else onCancel()
    } else if (isListed && isPlain && (key === 'ArrowDown' || key === 'ArrowUp')) {
      done()
      const at = active ?? (key === 'ArrowDown' ? -1 : 0)
      setPicked((at + (key === 'ArrowDown' ? 1 : offers.length - 1)) % offers.length)
    } else if (active !== null && ((key === 'Enter' && isPlain && !event.shiftKey) || (key === 'Tab' && !event.shiftKey))) {
      done()
      const offer = offers[active]
      if (offer) take(offer)
    } else if (key === 'Enter' && !event.shiftKey && (isPlain || !control)) {
      done()
      apply()
    }
  }

  return (
    <div className="expression-input" data-inline={inline || undefined}>
      <div className="expression-row">
        <div className="expression-code" data-faulty={(insisted && shown.length > 0) || undefined} dir="ltr">
          <div className="expression-stack">
            <pre ref={mirror} aria-hidden>
              {segmentsOf(text, shown).map((segment) => (
                <span key={segment.start} data-look={segment.look} data-fault={segment.faulty || undefined}>
                  {segment.text}
                </span>
              ))}
              {shown.some(({ start }) => start >= text.length) && (
                <span className="expression-missing" data-fault>
                  {' '}
                </span>
              )}
              {'\u200b'}
            </pre>
            <textarea
              ref={field}
              id={control?.id}
              rows={1}
              role="combobox"
              aria-label={label}
              aria-expanded={isListed}
              aria-controls={isListed ? `${id}-list` : undefined}
              aria-haspopup="listbox"
              aria-autocomplete="list"
              aria-activedescendant={active === null ? undefined : `${id}-${active}`}
              aria-required={control?.required || undefined}
              aria-invalid={shown.length > 0 || control?.invalid || undefined}
              aria-describedby={advice ? `${id}-advice` : control?.describedBy}
              placeholder={placeholder}
              value={text}
              autoFocus={control?.autoFocus ?? true}
              data-autofocus={control ? undefined : true}
              data-mantine-stop-propagation={isListed || undefined}
              autoComplete="off"
              enterKeyHint="go"
              autoCapitalize="off"
              autoCorrect="off"
              spellCheck={false}
              onChange={(event) => {
                const { value, selectionEnd } = event.currentTarget
                onText(value)
                setInsisted(false)
                setCaret(selectionEnd)
                setOpen(true)
                setPicked(null)
              }}
              onSelect={(event) => {
                const { selectionEnd, value } = event.currentTarget
                if (value !== text || selectionEnd === caret) return
                setCaret(selectionEnd)
                setOpen(false)
              }}
              onBlur={() => {
                setOpen(false)
                setInsisted(true)
                control?.onBlur?.()
              }}
              onKeyDown={onKeyDown}
            />
          </div>
        </div>
        {!control && (
          <button className={inline ? 'btn form primary expression-apply' : 'btn form expression-apply'} onClick={apply}>
            Apply
          </button>
        )}
      </div>
      {isListed && (
        <OfferList
          id={id}
          label={label}
          offers={offers}
          active={active}
          onActive={setPicked}
          onTake={take}
          place={inline ? null : { mirror, offset: completion.from }}
        />
      )}
      <p className="expression-advice" id={`${id}-advice`} aria-live="polite">
        {advice && (
          <>
            <span>{advice.sentence}</span>
            {advice.replacement !== null && first && (
              <button
                type="button"
                className="expression-fix"
                onMouseDown={(event) => event.preventDefault()}
                onClick={() => {
                  const replacement = advice.replacement ?? ''
                  const end = first.start + replacement.length
                  put({ from: first.start, to: first.end, insert: replacement, start: end, end })
                  setOpen(false)
                }}
              >
                Change to <code dir="ltr">{advice.replacement}</code>
              </button>
            )}
          </>
        )}
      </p>
    </div>
  )
}

/** Half a text is no mistake: what the caret stands in, or at the end of, is judged when the person is done with it. */
const isBeingWritten = (text: string, caret: number, { start, end }: ExpressionFault): boolean =>
  start >= text.trimEnd().length || (caret >= start && text.slice(end, caret).trim() === '')
