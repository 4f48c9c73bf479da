import { IconCheck, IconPlus } from '@tabler/icons-react'
import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react'
import { useLatest } from '../model/latest.ts'

export interface Option {
  readonly id: string
  /** What is searched and read out. */
  readonly text: string
  readonly content?: ReactNode
  readonly hint?: string | undefined
  /** A heading above the first option of each section. */
  readonly section?: string | undefined
}

interface Props {
  readonly label: string
  readonly options: readonly Option[]
  readonly selected?: ReadonlySet<string>
  readonly multi?: boolean
  readonly onPick: (id: string) => void
  /** Server search: the list shows what it is given. Absent: the list filters by itself. */
  readonly query?: string
  readonly onQuery?: (query: string) => void
  readonly loading?: boolean
  readonly empty?: string
  readonly create?: { readonly text: string; readonly run: () => void } | null
  readonly initialQuery?: string
}

/** A searchable list of options, worked entirely from its input: arrows move, Enter picks, 1–9 pick while nothing is typed. */
export function OptionList({
  label,
  options,
  selected,
  multi = false,
  onPick,
  query,
  onQuery,
  loading = false,
  empty = 'Nothing found',
  create = null,
  initialQuery = '',
}: Props) {
  const [own, setOwn] = useState(initialQuery)
  const text = query ?? own
  const wanted = text.trim().toLowerCase()
  const shown = onQuery ? options : options.filter((option) => option.text.toLowerCase().includes(wanted))
  const count = shown.length + (create ? 1 : 0)
  const [active, setActive] = useState(0)
  const at = Math.min(active, Math.max(count - 1, 0))
  const id = useId()

  useEffect(() => {
    document.getElementById(`${id}-${at}`)?.scrollIntoView({ block: 'nearest' })
  }, [id, at])

  const pick = (index: number): void => {
    const option = shown[index]
    if (option) onPick(option.id)
    else if (create && index === shown.length) create.run()
  }
  // Enter before the answer is there: what it brings is picked, and only what it does not bring is created.
  const waits = useRef(false)
  const pickActive = useLatest(() => pick(at))
  useEffect(() => {
    if (loading || !waits.current) return
    waits.current = false
    pickActive.current()
  }, [loading, pickActive])
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      if (count > 0) setActive((at + (event.key === 'ArrowDown' ? 1 : count - 1)) % count)
    } else if (event.key === 'Enter') {
      event.preventDefault()
      event.stopPropagation()
      if (loading && !shown[at]) waits.current = true
      else pick(at)
    } else if (text === '' && !onQuery && /^[1-9]$/.test(event.key) && shown.length <= 9) {
      event.preventDefault()
      pick(Number(event.key) - 1)
    }
  }
  const typed = (next: string): void => {
    setOwn(next)
    setActive(0)
    waits.current = false
    onQuery?.(next)
  }
  return (
    <div className="options">
      <input
        className="options-search"
        role="combobox"
        aria-label={label}
        aria-expanded
        aria-controls={id}
        aria-autocomplete="list"
        placeholder="Search…"
        aria-activedescendant={count > 0 ? `${id}-${at}` : undefined}
        value={text}
        autoFocus
        data-autofocus
        data-mantine-stop-propagation="true"
        onChange={(event) => typed(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        autoComplete="off"
        spellCheck={false}
      />
      <div className="options-list" role="listbox" aria-multiselectable={multi} id={id} aria-label={label}>
        {shown.map((option, index) => (
          <div key={option.id}>
            {option.section !== undefined && option.section !== shown[index - 1]?.section && (
              <div className="options-section caption faint">{option.section}</div>
            )}
            {/* oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- the input above has the focus and handles every key */}
            <div
              role="option"
              tabIndex={-1}
              id={`${id}-${index}`}
              className="option"
              aria-selected={selected?.has(option.id) ?? false}
              data-active={index === at || undefined}
              onMouseMove={() => setActive(index)}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => pick(index)}
            >
              <span className="option-main">{option.content ?? <span className="ellipsis">{option.text}</span>}</span>
              {option.hint !== undefined && <span className="option-hint ellipsis">{option.hint}</span>}
              {selected?.has(option.id) && <IconCheck size={14} stroke={2} className="option-check" aria-hidden />}
            </div>
          </div>
        ))}
        {create && (
          // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- as above
          <div
            role="option"
            tabIndex={-1}
            aria-selected={false}
            id={`${id}-${shown.length}`}
            className="option option-create"
            data-active={at === shown.length || undefined}
            onMouseMove={() => setActive(shown.length)}
            onMouseDown={(event) => event.preventDefault()}
            onClick={create.run}
          >
            <IconPlus size={14} stroke={1.5} aria-hidden /> <span className="ellipsis">{create.text}</span>
          </div>
        )}
        {shown.length === 0 && <div className="options-empty">{loading ? 'Searching…' : empty}</div>}
      </div>
    </div>
  )
}
