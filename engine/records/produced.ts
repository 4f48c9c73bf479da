import type { Expression } from '../expressions/types.ts'
import { isObject } from '../fields/define.ts'
import type { Produced } from './decide-touched.ts'
import type { LoadedRecord } from './decide-operations.ts'
import { isOpen } from './derived-access.ts'
import { hasField, isNamed } from './grants.ts'
import { toldValue } from './formulas.ts'
import { inputsOf, withinDocument } from '../catalogue/inputs.ts'
import type { WriteRequest } from './request.ts'

type Values = Produced['data']

/**
 * Drafts of further documents as the caller may have them: without what they do not know there, and without what comes from values that are not
 * shown to them in the record that it comes from. Of a new one (`record` undefined) that is all that is masked anywhere.
 */
export function producedFor(
  { access, here }: Pick<WriteRequest, 'access' | 'here'>,
  { produced }: { readonly produced: readonly Produced[] },
  record: LoadedRecord | undefined,
): readonly Produced[] {
  const masked = record?.without.masked ?? new Set(here.masks.keys())
  const isShown = (expression: Expression): boolean =>
    inputsOf(expression).every(({ entity, field, isOwn }) => {
      const at = access.entities.get(entity)
      if (!isOwn || field === null || !at) return isOpen(at, field)
      return hasField(at, field) && !isNamed(masked, withinDocument(access.catalogue, at.entity).prefix + field)
    })
  const shown = (entity: string, data: Values, from: NonNullable<Produced['from']>, prefix: string): Values =>
    Object.fromEntries(
      (access.entities.get(entity)?.visible ?? []).flatMap((field) => {
        const { name, lines } = field
        const value = toldValue([access], field, data[name])
        if (value === undefined || !(from.get(prefix + name) ?? []).every(isShown)) return []
        // Of a list of references the ids themselves.
        const isDocument = lines !== null && Array.isArray(value) && value.every(isObject)
        return [[name, isDocument ? value.map((each) => shown(lines.entity, each, from, `${name}.`)) : value]]
      }),
    )
  return produced.flatMap(({ entity, data, from = new Map() }) =>
    access.entities.has(entity) ? [{ entity, data: shown(entity, data, from, '') }] : [],
  )
}
