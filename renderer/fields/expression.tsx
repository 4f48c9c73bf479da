import { IconListSearch } from '@tabler/icons-react'
import { lazy, Suspense } from 'react'
import { entityOf, useCatalogue, type Field } from '../api/catalogue.ts'
import { addressOf } from '../api/client.ts'
import { listAddress } from '../model/entity.ts'
import { A } from '../model/navigation.tsx'
import { usePlain } from './parts.ts'
import { isEmpty, settingsOf, type EditProps, type FieldKind, type ShowProps } from './type.ts'

const write = (value: unknown): string => (typeof value === 'string' ? value : isEmpty(value) ? '' : JSON.stringify(value))

/** Whoever only reads formulas does not load what writing them takes. */
const EditFormula = lazy(async () => ({ default: (await import('./edit-formula.tsx')).EditFormula }))

/** A formula as text; a condition leads to the records that fulfil it. */
function Show({ value, field, roomy }: ShowProps) {
  const text = write(value)
  const href = useMatching(field, text)
  if (text === '') return null
  return (
    <span className={roomy ? 'formula formula-roomy' : 'formula'}>
      <code className={roomy ? undefined : 'ellipsis'} title={roomy ? undefined : text} dir="ltr">
        {text}
      </code>
      {href && (
        <A
          className="formula-matching"
          href={href.address}
          title={href.words}
          onClick={(event) => event.stopPropagation()}
          tabIndex={roomy ? undefined : -1}
        >
          <IconListSearch size={14} stroke={1.5} aria-hidden />
          {roomy ? 'Show matching' : <span className="sr-only">Show matching</span>}
        </A>
      )}
    </span>
  )
}

function useMatching(field: Field, text: string): { readonly address: string; readonly words: string } | null {
  const catalogue = useCatalogue()
  const isPlain = usePlain()
  const { entity: id, result } = settingsOf(field)
  const entity = typeof id === 'string' ? entityOf(catalogue, id) : null
  if (isPlain || result !== 'boolean' || entity?.kind !== 'record' || entity.path === null || !entity.actions.includes('list')) return null
  return {
    address: addressOf(listAddress(entity), { draft: '1', filter: text }),
    words: `Show the ${entity.pluralTitle.toLowerCase()} for which this is true`,
  }
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
  wide: () => true,
  wordy: true,
}
