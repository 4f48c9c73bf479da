import { IconHelpCircle } from '@tabler/icons-react'
import { Fragment, useState, type ReactNode } from 'react'
import { entityOf, useCatalogue, type Entity, type Field } from '../api/catalogue.ts'
import { useExplanation, type Explanation, type Parts, type Question } from '../api/explain.ts'
import type { RecordData } from '../api/records.ts'
import { useTitles, type Ref } from '../api/titles.ts'
import { Layer, usePhone } from '../fields/layer.tsx'
import { RecordChip } from '../fields/reference.tsx'
import { isMasked } from '../fields/type.ts'
import { problemText } from '../api/problem.ts'

/** A question mark that opens what the server says: shown on hover and focus, reachable by keyboard. */
export function WhyButton({
  entity,
  record,
  question,
  label,
  quiet = false,
}: {
  readonly entity: Entity
  readonly record: RecordData
  readonly question: Question
  /** What is asked, as people ask it. */
  readonly label: string
  /** Seen only when what it is about is hovered or focused. */
  readonly quiet?: boolean
}) {
  const [open, setOpen] = useState(false)
  return (
    <Layer
      opened={open}
      onClose={() => setOpen(false)}
      title={label}
      width={320}
      target={
        <button
          type="button"
          className={quiet && !open ? 'why-button why-quiet' : 'why-button'}
          aria-label={label}
          aria-haspopup="dialog"
          aria-expanded={open}
          onClick={(event) => {
            event.stopPropagation()
            setOpen(!open)
          }}
        >
          <IconHelpCircle size={14} stroke={1.5} aria-hidden />
        </button>
      }
    >
      <Because entity={entity} record={record} question={question} title={label} />
    </Layer>
  )
}

/** What one asks of a field that cannot be typed into. */
export const fieldQuestion = (record: Readonly<Record<string, unknown>>, field: Field): string =>
  isMasked(record, field.name) ? `Why is ${field.title} not shown?` : `Why can ${field.title} not be changed?`

/** The same, opened by what is there already: a cell of a list that does not open for typing. */
export const WhyLayer = ({
  entity,
  record,
  question,
  label,
  onClose,
  children,
}: {
  readonly entity: Entity
  readonly record: RecordData
  readonly question: Question
  readonly label: string
  readonly onClose: () => void
  readonly children: ReactNode
}) => (
  <Layer opened onClose={onClose} title={label} width={320} target={children}>
    {/* What is pressed in here means nothing to the list around it. */}
    <div role="presentation" onKeyDown={(event) => event.key !== 'Escape' && event.stopPropagation()}>
      <Because entity={entity} record={record} question={question} title={label} />
    </div>
  </Layer>
)

/** An action that the person does not have, where it would stand: it does nothing but say why. */
export function WhyNot({
  entity,
  record,
  action,
  label,
  className,
  children,
}: {
  readonly entity: Entity
  readonly record: RecordData
  readonly action: string
  readonly label: string
  readonly className: string
  readonly children: ReactNode
}) {
  const [open, setOpen] = useState(false)
  return (
    <Layer
      opened={open}
      onClose={() => setOpen(false)}
      title={label}
      width={320}
      position="bottom-end"
      target={
        <button
          className={className}
          aria-disabled
          aria-haspopup="dialog"
          aria-expanded={open}
          aria-label={label}
          onClick={() => setOpen(!open)}
        >
          {children}
        </button>
      }
    >
      <Because entity={entity} record={record} question={{ action }} title={label} />
    </Layer>
  )
}

function Because({
  entity,
  record,
  question,
  title,
}: {
  readonly entity: Entity
  readonly record: RecordData
  readonly question: Question
  readonly title: string
}) {
  const { data, error } = useExplanation(entity, record, question)
  const phone = usePhone()
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- the layer gives the focus to what it shows
    <div className="why-text" tabIndex={0} aria-busy={!data && !error}>
      {/* The sheet of a phone has it above. */}
      {!phone && <p className="strong">{title}</p>}
      {error && <p>{problemText(error)}</p>}
      {data && (question.field === undefined ? <ActionReasons told={data} /> : <FieldReasons told={data} />)}
    </div>
  )
}

/** Roles of one title say the same. */
const once = <Reason extends { readonly detail: string }>(reasons: readonly Reason[]): readonly Reason[] => [
  ...new Map(reasons.map((each) => [each.detail, each])).values(),
]

function Reasons({ reasons }: { readonly reasons: readonly { readonly detail: string; readonly why?: Parts | undefined }[] }) {
  const told = once(reasons).map(({ detail, why }) => (
    <Fragment key={detail}>
      <p>{detail}</p>
      {why && <Condition parts={why} />}
    </Fragment>
  ))
  if (told.length === 0) return <p>Nothing that you may see stands against it.</p>
  return told.length === 1 ? (
    told
  ) : (
    <ul>
      {told.map((each) => (
        <li key={each.key}>{each}</li>
      ))}
    </ul>
  )
}

/** What decides first: what stands against it where it is refused, else what grants it. */
export const ActionReasons = ({ told }: { readonly told: Explanation }) => (
  <>
    <Reasons reasons={(told.allowed ? told.because : told.refused).map(({ detail, condition }) => ({ detail, why: condition }))} />
    {!told.allowed &&
      told.expressions?.filter(({ kind }) => kind === 'guard').map((each) => <Condition key={each.kind} parts={each.why} />)}
  </>
)

function FieldReasons({ told }: { readonly told: Explanation }) {
  const { field } = told
  if (!field) return null
  const about = !field.shown ? ['shown'] : field.editable ? ['editable', 'required'] : ['editable']
  const reasons = field.because.filter((each) => about.includes(each.about))
  const whole = !field.shown || field.editable || told.allowed ? [] : told.refused.map(({ detail }) => ({ detail }))
  return <Reasons reasons={[...reasons, ...whole]} />
}

/** The parts on which it hangs, each with its value. */
function Condition({ parts }: { readonly parts: Parts }) {
  const rows = [...rowsOf(parts)]
  return (
    <dl className="why-parts">
      {rows.map((row) => (
        <div key={JSON.stringify(row)} data-decides={row.decides || undefined}>
          <dt>{row.label === '…' ? 'Something that you may not see' : <code>{row.label}</code>}</dt>
          <dd>{'value' in row ? <Told {...row} /> : 'not shown to you'}</dd>
        </div>
      ))}
    </dl>
  )
}

function* rowsOf(parts: Parts): Generator<Parts> {
  // Of what is put together from conditions, these tell it all; the steps of a calculation go without saying.
  const isStep = !parts.decides && parts.parts.length > 0 && typeof parts.value !== 'boolean'
  if (!isStep && !parts.parts.some((part) => part.decides)) yield parts
  for (const part of parts.parts) yield* rowsOf(part)
}

const Told = ({ value, entity }: Parts) =>
  entity !== undefined && typeof value === 'string' ? <RecordTold entity={entity} id={value} /> : valueText(value)

function RecordTold(ref: Ref) {
  const [title] = useTitles([ref])
  return <RecordChip entity={entityOf(useCatalogue(), ref.entity)} id={ref.id} title={title} link={false} />
}

function valueText(value: unknown): string {
  if (value === null || value === undefined) return 'empty'
  if (value === true) return 'true'
  if (value === false) return 'false'
  if (typeof value === 'object') return 'amount' in value ? Object.values(value).join(' ') : JSON.stringify(value)
  return JSON.stringify(value).replace(/^"|"$/g, '')
}
