import { IconListSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense } from 'react'
import { entityOf, useCatalogue, type Entity, type Field } from '../api/catalogue.ts'
import { addressOf } from '../api/client.ts'
import { isProblem } from '../api/problem.ts'
import { keys, listRecords } from '../api/records.ts'
import { listAddress } from '../model/entity.ts'
import { A } from '../model/navigation.tsx'
import { usePlain } from './parts.ts'
import { isEmpty, settingsOf, type EditProps, type FieldKind, type ShowProps } from './type.ts'

const write = (value: unknown): string => (typeof value === 'string' ? value : isEmpty(value) ? '' : JSON.stringify(value))

/** Lists of formulas load neither what writing one takes nor what colours one. */
const EditFormula = lazy(async () => ({ default: (await import('./edit-formula.tsx')).EditFormula }))

const FormulaText = lazy(async () => ({ default: (await import('./formula-text.tsx')).FormulaText }))

/** A formula as text; a condition leads to the records that fulfil it. */
function Show({ value, field, roomy }: ShowProps) {
  const text = write(value)
  const entity = useMatched(field)
  if (text === '') return null
  return (
    <span className={roomy ? 'formula formula-roomy' : 'formula'}>
      {roomy ? (
        <code dir="ltr">
          <Suspense fallback={text}>
            <FormulaText text={text} />
          </Suspense>
        </code>
      ) : (
        <code className="ellipsis" title={text} dir="ltr">
          {text}
        </code>
      )}
      {entity && (roomy ? <Matching entity={entity} text={text} /> : <ToMatching entity={entity} text={text} tabIndex={-1} />)}
    </span>
  )
}

/** The entity whose records can be listed for which a condition is true. */
function useMatched(field: Field): Entity | null {
  const catalogue = useCatalogue()
  const isPlain = usePlain()
  const { entity: id, result } = settingsOf(field)
  const entity = typeof id === 'string' ? entityOf(catalogue, id) : null
  return !isPlain && result === 'boolean' && entity?.kind === 'record' && entity.path !== null && entity.actions.includes('list')
    ? entity
    : null
}

/** How many records fulfil a condition now, and the way to them. */
function Matching({ entity, text }: { readonly entity: Entity; readonly text: string }) {
  const { data, error } = useQuery({
    queryKey: [...keys.entity(entity.id), 'matching', text],
    queryFn: ({ signal }) => listRecords(entity, { filter: text, count: 'exact', limit: '1' }, signal),
  })
  const plural = entity.pluralTitle.toLowerCase()
  if (isProblem(error) && error.status === 400)
    return <span className="formula-gone">No longer says which {plural}: what it names has changed</span>
  const total = data?.page.total
  const words =
    total === undefined
      ? `Show matching ${plural}`
      : total === 0
        ? `No ${plural} match`
        : total === 1
          ? `1 ${entity.title.toLowerCase()} matches`
          : `${total} ${plural} match`
  return <ToMatching entity={entity} text={text} words={words} />
}

function ToMatching({
  entity,
  text,
  words,
  tabIndex,
}: {
  readonly entity: Entity
  readonly text: string
  readonly words?: string
  readonly tabIndex?: number
}) {
  return (
    <A
      className="formula-matching"
      href={addressOf(listAddress(entity), { _draft: '1', filter: text })}
      title={`Show the ${entity.pluralTitle.toLowerCase()} for which this is true`}
      onClick={(event) => event.stopPropagation()}
      tabIndex={tabIndex}
    >
      <IconListSearch size={14} stroke={1.5} aria-hidden />
      {words ?? <span className="sr-only">Show matching {entity.pluralTitle.toLowerCase()}</span>}
    </A>
  )
}

function Edit(props: EditProps) {
  const catalogue = useCatalogue()
  const { entity } = settingsOf(props.field)
  if (typeof entity !== 'string' || !entityOf(catalogue, entity))
    return (
      <span className="read-only faint" id={props.id}>
        Your role does not know the records that this is about
      </span>
    )
  return (
    <Suspense fallback={<span className="formula-coming mono">{props.openWith || write(props.value)}</span>}>
      <EditFormula {...props} />
    </Suspense>
  )
}

export const expression: FieldKind = {
  Show,
  Edit,
  format: write,
  parse: (text) => ({ value: text.trim() === '' ? null : text.trim() }),
  filterOps: [['null', 'is empty']],
  align: 'start',
  width: 260,
  tall: true,
  traced: true,
  wide: () => true,
  wordy: true,
}
