import { IconCalendar } from '@tabler/icons-react'
import { lazy, Suspense, useState } from 'react'
import type { Field } from '../api/catalogue.ts'
import { formatDate, formatDateLong, formatInstant, formatInstantLong, instantOf, readDate, readTime, wallClock } from './dates.ts'
import { dateFormat } from './intl.ts'
import { Layer } from './layer.tsx'
import { useLocale } from './locale.ts'
import { TextInput } from './text-input.tsx'
import type { EditProps, FieldKind, Locale, Parsed, ShowProps } from './type.ts'

const Calendar = lazy(() => import('./calendar.tsx').then((loaded) => ({ default: loaded.Calendar })))

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const compare = [
  ['eq', 'is'],
  ['gte', 'is on or after'],
  ['lte', 'is on or before'],
  ['gt', 'is after'],
  ['lt', 'is before'],
  ['null', 'is empty'],
] as const

const writeDate = (value: unknown, _field: Field, locale: Locale): string => {
  const iso = text(value)
  return iso === ''
    ? ''
    : dateFormat(locale.locale, { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' }).format(new Date(`${iso}T00:00:00Z`))
}
function parseDate(typed: string, _field: Field, locale: Locale): Parsed {
  if (typed.trim() === '') return { value: null }
  const value = readDate(typed, locale) ?? readDate(typed.replace(/,/g, ''), locale)
  return value === null ? { fault: `Enter a date, such as ${writeDate(locale.today, _field, locale)}, fri or +3d` } : { value }
}

const ShowDate = ({ value }: ShowProps) => {
  const locale = useLocale()
  return text(value) === '' ? null : (
    <time className="num ellipsis" dateTime={text(value)} title={formatDateLong(text(value), locale.locale)}>
      {formatDate(text(value), locale)}
    </time>
  )
}

/** The small button beside a typed date; the calendar itself loads when it is first opened. */
function WithCalendar({
  day,
  label,
  onPick,
  children,
}: {
  readonly day: string | null
  readonly label: string
  readonly onPick: (day: string) => void
  readonly children: React.ReactNode
}) {
  const [opened, setOpened] = useState(false)
  return (
    <span className="joined">
      {children}
      <Layer
        opened={opened}
        onClose={() => setOpened(false)}
        title={`${label}: calendar`}
        width={260}
        position="bottom-end"
        target={
          <button
            type="button"
            className="joined-button"
            aria-label={`${label}: open calendar`}
            onClick={() => setOpened(!opened)}
            tabIndex={-1}
          >
            <IconCalendar size={16} stroke={1.5} aria-hidden />
          </button>
        }
      >
        <Suspense fallback={<div className="calendar-loading" />}>
          <Calendar
            day={day}
            onPick={(picked) => {
              onPick(picked)
              setOpened(false)
            }}
          />
        </Suspense>
      </Layer>
    </span>
  )
}

/** A day that is picked takes the place of whatever was typed, also where it is the day that was there. */
function usePicking({ onChange, onFault }: EditProps) {
  const [picks, setPicks] = useState(0)
  return {
    key: picks,
    pick: (value: unknown): void => {
      onFault?.(null)
      onChange(value)
      setPicks(picks + 1)
    },
  }
}

function EditDate(props: EditProps) {
  const { key, pick } = usePicking(props)
  return (
    <WithCalendar day={text(props.value) || null} label={props.label ?? props.field.title} onPick={pick}>
      <TextInput {...props} key={key} write={writeDate} read={parseDate} placeholder="fri, +3d, 22 Nov" />
    </WithCalendar>
  )
}

const date: FieldKind = {
  fromOperand: (day) => day,
  Show: ShowDate,
  Edit: EditDate,
  parse: parseDate,
  filterOps: compare,
  align: 'start',
  width: 110,
  format: (value, _field, locale) => (text(value) === '' ? '' : formatDate(text(value), locale)),
}

const ShowInstant = ({ value }: ShowProps) => {
  const locale = useLocale()
  return text(value) === '' ? null : (
    <time className="num ellipsis" dateTime={text(value)} title={formatInstantLong(text(value), locale)}>
      {formatInstant(text(value), locale)}
    </time>
  )
}
const writeInstant = (value: unknown, field: Field, locale: Locale): string => {
  if (text(value) === '') return ''
  const { date: day, time } = wallClock(text(value), locale.timeZone)
  return `${writeDate(day, field, locale)} ${time}`
}
/** A date and a time of day: `fri 14:30`, `22 Nov 2026 9`, `tomorrow`; without a time, nine in the morning. */
function parseInstant(typed: string, field: Field, locale: Locale): Parsed {
  const trimmed = typed.trim()
  if (trimmed === '') return { value: null }
  const split = /^(.*?)[\s,T]+(\d{1,2}(?:[:.h]\d{2})?\s*(?:am|pm)?)$/i.exec(trimmed)
  const time = split?.[2] === undefined ? null : readTime(split[2])
  const whole = readDate(trimmed, locale)
  const dayText = whole === null && time !== null ? (split?.[1] ?? '') : trimmed
  const day = parseDate(dayText, field, locale)
  if ('fault' in day) return { fault: 'Enter a date and time, such as fri 14:30' }
  return { value: instantOf(String(day.value), (whole === null ? time : null) ?? '09:00', locale.timeZone) }
}

function EditInstant(props: EditProps) {
  const locale = useLocale()
  const { key, pick } = usePicking(props)
  const clock = text(props.value) === '' ? null : wallClock(text(props.value), locale.timeZone)
  return (
    <WithCalendar
      day={clock?.date ?? null}
      label={props.label ?? props.field.title}
      onPick={(day) => pick(instantOf(day, clock?.time ?? '09:00', locale.timeZone))}
    >
      <TextInput {...props} key={key} write={writeInstant} read={parseInstant} placeholder="fri 14:30" />
    </WithCalendar>
  )
}

const dateTime: FieldKind = {
  Show: ShowInstant,
  Edit: EditInstant,
  parse: parseInstant,
  filterOps: compare.filter(([operator]) => operator !== 'eq'),
  align: 'start',
  width: 140,
  format: (value, _field, locale) => (text(value) === '' ? '' : formatInstant(text(value), locale)),
}

const writeTime = (value: unknown): string => text(value).slice(0, 5)
const parseTime = (typed: string): Parsed => {
  if (typed.trim() === '') return { value: null }
  const value = readTime(typed)
  return value === null ? { fault: 'Enter a time, such as 14:30' } : { value: `${value}:00` }
}
const time: FieldKind = {
  Show: ({ value }) => <span className="num">{writeTime(value)}</span>,
  Edit: (props) => <TextInput {...props} write={writeTime} read={parseTime} placeholder="14:30" />,
  parse: parseTime,
  filterOps: compare,
  align: 'start',
  width: 90,
  format: writeTime,
}

export const dateKinds = { date, dateTime, time } as const
