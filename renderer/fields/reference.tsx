import { useContext, useState } from 'react'
import { entityOf, useCatalogue, type Entity, type Field } from '../api/catalogue.ts'
import { rememberTitle, useTitles, type Ref } from '../api/titles.ts'
import type { RecordData } from '../api/records.ts'
import { expanded, recordAddress } from '../model/entity.ts'
import { A } from '../model/navigation.tsx'
import { EntityIcon } from './icons.tsx'
import { Layer } from './layer.tsx'
import { LimitContext, useParts, usePlain } from './parts.ts'
import { PickerFace } from './picker-face.tsx'
import { Picker } from './picker.tsx'
import type { EditProps, FieldKind, OperandProps, ShowProps } from './type.ts'

const isUuid = (text: string): boolean => /^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(text)

/** A reference value as entity and id: with one target the value is the id alone. */
export function refOf(field: Field, value: unknown): Ref | null {
  if (typeof value === 'string') {
    const entity = field.reference?.targets[0]?.entity
    return entity === undefined ? null : { entity, id: value }
  }
  if (typeof value !== 'object' || value === null || !('entity' in value) || !('id' in value)) return null
  return typeof value.entity === 'string' && typeof value.id === 'string' ? { entity: value.entity, id: value.id } : null
}
/** The value of a reference to several entities names which; a hidden target changes nothing about that. */
const isSeveral = (field: Field): boolean => field.reference?.several === true
export const refValue = (field: Field, ref: Ref): unknown => (isSeveral(field) ? { entity: ref.entity, id: ref.id } : ref.id)

/** What stands for a record everywhere: its entity's icon and its title. A click opens it. */
export function RecordChip({
  entity,
  id,
  title,
  link = true,
}: {
  readonly entity: Entity | null
  readonly id: string
  readonly title: string | null | undefined
  readonly link?: boolean
}) {
  const plain = usePlain()
  const words = title ?? (title === null ? 'No longer available' : '…')
  const face = (
    <>
      {entity && <EntityIcon icon={entity.display.icon} hue={entity.display.hue} />}
      <span className="ellipsis">{words}</span>
    </>
  )
  if (!link || plain || entity?.path == null || title === null)
    return (
      <span className="record-chip" title={words}>
        {face}
      </span>
    )
  return (
    <A
      className="record-chip linkable"
      href={recordAddress(entity, id)}
      title={words}
      onClick={(event) => event.stopPropagation()}
      tabIndex={-1}
      data-chip={`${entity.id}/${id}`}
    >
      {face}
    </A>
  )
}

const known =
  (record: RecordData | undefined, field: Field) =>
  (ref: Ref): string | undefined => {
    const found = expanded(record, field.name)
    return found?.id === ref.id && typeof found._title === 'string' ? found._title : undefined
  }

function ShowReference({ value, field, record }: ShowProps) {
  const catalogue = useCatalogue()
  const ref = refOf(field, value)
  const [title] = useTitles(ref ? [ref] : [], known(record, field))
  return ref && <RecordChip entity={entityOf(catalogue, ref.entity)} id={ref.id} title={title} />
}

/** What is chosen, and the picker that opens below it: of several, it stays open until all are chosen. */
function Choosing({
  refs,
  targets,
  several = false,
  onPick,
  onClear,
  ...props
}: EditProps & {
  readonly refs: readonly Ref[]
  readonly targets: readonly { readonly entity: string }[]
  readonly several?: boolean
  readonly onPick: (picked: Ref) => void
  /** Null: what is required is not emptied, nor what is empty. */
  readonly onClear: (() => void) | null
}) {
  const { field, record, onCommit, onCancel } = props
  const catalogue = useCatalogue()
  const [query, setQuery] = useState<string | null>(props.openWith ?? null)
  const titles = useTitles(refs, known(record, field))
  const limitFor = useContext(LimitContext)
  const label = props.label ?? field.title
  const chips = refs.map((ref, index) => (
    <RecordChip key={ref.id} entity={entityOf(catalogue, ref.entity)} id={ref.id} title={titles[index]} link={false} />
  ))
  return (
    <Layer
      opened={query !== null}
      onClose={() => {
        setQuery(null)
        onCancel?.()
      }}
      title={label}
      width="target"
      target={
        <div>
          <PickerFace
            {...props}
            label={label}
            required={field.required}
            open={query !== null}
            onOpen={setQuery}
            placeholder={several ? 'Choose any' : 'Choose'}
            onClear={onClear}
          >
            {chips.length === 0 ? null : several ? <span className="chips wrap">{chips}</span> : chips}
          </PickerFace>
        </div>
      }
    >
      <Picker
        label={label}
        targets={targets}
        limit={!several && field.logic?.where && query !== null ? limitFor(field, record) : null}
        initialQuery={query ?? ''}
        selected={new Set(refs.map(({ id }) => id))}
        onPick={(picked, title) => {
          rememberTitle(picked.entity, picked.id, title)
          onPick(picked)
          if (several) return
          setQuery(null)
          onCommit?.()
        }}
      />
    </Layer>
  )
}

function EditReference(props: EditProps) {
  const { value, field, onChange } = props
  const ref = refOf(field, value)
  return (
    <Choosing
      {...props}
      refs={ref ? [ref] : []}
      targets={field.reference?.targets ?? []}
      onPick={(picked) => onChange(refValue(field, picked))}
      onClear={ref && !field.required ? () => onChange(null) : null}
    />
  )
}

function Operand({ field, operator, value, onChange, onDone }: OperandProps) {
  const ids = value === '' ? [] : value.split(',')
  const several = operator === 'in'
  return (
    <Picker
      label={field.title}
      targets={field.reference?.targets ?? []}
      initialQuery=""
      selected={new Set(ids)}
      canCreate={false}
      onPick={(picked, title) => {
        rememberTitle(picked.entity, picked.id, title)
        onChange(several ? (ids.includes(picked.id) ? ids.filter((id) => id !== picked.id) : [...ids, picked.id]).join(',') : picked.id)
        if (!several) onDone()
      }}
    />
  )
}

const reference: FieldKind = {
  fromOperand: (id, field) => (isSeveral(field) ? undefined : id),
  Show: ShowReference,
  Edit: EditReference,
  Operand,
  align: 'start',
  width: 180,
  format: (value, field) => refOf(field, value)?.id ?? '',
  parse: (text) =>
    text.trim() === '' ? { value: null } : isUuid(text.trim()) ? { value: text.trim() } : { fault: 'Choose a record from the list' },
  filterOps: [
    ['in', 'is any of'],
    ['eq', 'is'],
    ['ne', 'is not'],
    ['null', 'is empty'],
  ],
  composed: true,
}

const idsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((id): id is string => typeof id === 'string') : []

/** The entity at the other end of a `references` field. */
const targetOf = (field: Field, entities: Readonly<Record<string, Entity>>): string | null => {
  const direct = field.reference?.targets[0]?.entity
  if (direct !== undefined) return direct
  const link = field.lines && entities[field.lines.entity]
  return link ? (link.fields.find((each) => each.name === field.lines?.linkField)?.reference?.targets[0]?.entity ?? null) : null
}

function ShowReferences({ value, field, roomy }: ShowProps) {
  const catalogue = useCatalogue()
  const entity = targetOf(field, catalogue.entities)
  const ids = idsOf(value)
  const shown = roomy ? ids : ids.slice(0, 2)
  const titles = useTitles(entity === null ? [] : shown.map((id) => ({ entity, id })))
  if (entity === null) return null
  return (
    <span className={roomy ? 'chips wrap' : 'chips'}>
      {shown.map((id, index) => (
        <RecordChip key={id} entity={entityOf(catalogue, entity)} id={id} title={titles[index]} />
      ))}
      {ids.length > shown.length && <span className="caption muted">+{ids.length - shown.length}</span>}
    </span>
  )
}

function EditReferences(props: EditProps) {
  const { value, field, onChange } = props
  const { entities } = useCatalogue()
  const entity = targetOf(field, entities)
  const ids = idsOf(value)
  return (
    <Choosing
      {...props}
      several
      refs={entity === null ? [] : ids.map((id) => ({ entity, id }))}
      targets={entity === null ? [] : [{ entity }]}
      onPick={({ id }) => onChange(ids.includes(id) ? ids.filter((each) => each !== id) : [...ids, id])}
      onClear={ids.length > 0 ? () => onChange(ids.slice(0, -1)) : null}
    />
  )
}

const references: FieldKind = {
  ...reference,
  fromOperand: () => undefined,
  Show: ShowReferences,
  Edit: EditReferences,
  width: 200,
  wide: () => true,
  filterOps: [
    ['in', 'has any of'],
    ['contains', 'has'],
    ['eq', 'has'],
    ['null', 'is empty'],
  ],
  format: (value) => idsOf(value).join(', '),
}

const EditLines = (props: EditProps) => {
  const { LinesEditor } = useParts()
  return <LinesEditor {...props} />
}

/** Lines are counted in a list; the record page and the form show them as a grid of their own. */
const lines: FieldKind = {
  Show: ({ value }) => {
    const count = Array.isArray(value) ? value.length : null
    return count === null ? null : (
      <span className="num">
        {count} {count === 1 ? 'line' : 'lines'}
      </span>
    )
  },
  Edit: EditLines,
  format: (value) => (Array.isArray(value) ? String(value.length) : ''),
  filterOps: [],
  align: 'start',
  width: 90,
  tall: true,
  wide: () => true,
}

export const relationKinds = { reference, references, lines } as const
