import { useEffect, useRef, useState } from 'react'
import { useLocale } from './locale.ts'
import type { Field } from '../api/catalogue.ts'
import type { EditProps, Locale, Parsed } from './type.ts'
import { useTypedText } from './typed-text.ts'

/**
 * A one-line editor of anything that can be typed. The text belongs to the person while they type: it is rewritten only on
 * blur, when it has a meaning. `write` gives the text of a value, `read` the value of a text.
 */
export function TextInput({
  id,
  value,
  field,
  onChange,
  onFault,
  onBlur,
  onCommit,
  invalid,
  describedBy,
  autoFocus,
  label,
  openWith,
  write,
  read,
  end = false,
  type = 'text',
  inputMode,
  placeholder,
}: EditProps & {
  readonly write: (value: unknown, field: Field, locale: Locale) => string
  readonly read: (text: string, field: Field, locale: Locale) => Parsed
  readonly end?: boolean
  readonly type?: string
  readonly inputMode?: 'decimal' | 'numeric' | 'tel' | 'url' | 'email'
  readonly placeholder?: string | undefined
}) {
  const locale = useLocale()
  const { text, setText, meant } = useTypedText({ value, write: (each) => write(each, field, locale), openWith, onFault })
  const [typing, setTyping] = useState(Boolean(openWith))
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => {
    // What was typed to begin with stays; a value that was there is replaced by the next key.
    if (autoFocus && !openWith) input.current?.select()
  }, [autoFocus, openWith])
  // What it was opened with counts as typed: a key that means nothing is a fault from the start.
  const opening = useRef(openWith)
  useEffect(() => {
    const first = opening.current
    opening.current = undefined
    if (!first) return
    const parsed = read(first, field, locale)
    if ('fault' in parsed) onFault?.(parsed.fault)
  })

  const typed = (next: string): Parsed => {
    setText(next)
    const parsed = read(next, field, locale)
    if ('fault' in parsed) onFault?.(parsed.fault)
    else {
      onFault?.(null)
      meant(parsed.value)
      onChange(parsed.value)
    }
    return parsed
  }
  return (
    <input
      ref={input}
      id={id}
      className={end ? 'input end num' : 'input'}
      type={type}
      inputMode={inputMode}
      value={text}
      autoFocus={autoFocus}
      placeholder={placeholder}
      aria-invalid={invalid || undefined}
      aria-describedby={describedBy}
      aria-label={label}
      aria-required={field.required || undefined}
      autoComplete="off"
      spellCheck={type === 'text'}
      onChange={(event) => {
        setTyping(true)
        typed(event.currentTarget.value)
      }}
      onBlur={() => {
        if (typing) {
          const parsed = read(text, field, locale)
          if (!('fault' in parsed)) setText(write(parsed.value, field, locale))
          setTyping(false)
        }
        onBlur?.()
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' || event.nativeEvent.isComposing || event.metaKey || event.ctrlKey || !onCommit) return
        event.preventDefault()
        if (!('fault' in read(text, field, locale))) onCommit()
      }}
    />
  )
}
