import { IconLock } from '@tabler/icons-react'
import { fieldOf, useCatalogue, type CatalogueView, type Entity } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import { useLocale } from '../fields/locale.ts'
import { kindOf } from '../fields/registry.ts'
import { locksOf, mayWith } from '../model/editable.ts'

/** That the state of a record locks it, and what it leaves open, for whoever could change it otherwise. */
export function Locked({ entity, record }: { readonly entity: Entity; readonly record: RecordData }) {
  const catalogue = useCatalogue()
  const locale = useLocale()
  if (!mayWith(entity, record, 'update')) return null
  return locksOf(entity, record).map(({ field: name, except }) => {
    const field = fieldOf(entity, name)
    const open = except.map((path) => titleAt(catalogue, entity, path.split('.')))
    return (
      field && (
        <p key={name} className="locked">
          <IconLock size={14} stroke={1.5} aria-hidden />
          <span>
            {kindOf(field).format(record[name], field, locale)}:{' '}
            {open.length === 0
              ? `this ${entity.title.toLowerCase()} no longer changes.`
              : `only ${new Intl.ListFormat('en').format(open)} can be changed.`}
          </span>
        </p>
      )
    )
  })
}

/** Of a path of ids: `notes`, or `items.*.checked` for a value of each line. */
function titleAt(catalogue: CatalogueView, { fields }: Entity, [id, , ...rest]: readonly string[]): string {
  const field = fields.find((each) => each.id === id)
  const line = field?.lines ? catalogue.entities[field.lines.entity] : undefined
  return line && rest.length > 0 ? `${titleAt(catalogue, line, rest)} (${field?.title})` : (field?.title ?? '')
}
