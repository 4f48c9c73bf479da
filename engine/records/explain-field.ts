import type { Catalogue, Entity } from '../catalogue/types.ts'
import type { Explanation } from '../expressions/explain.ts'
import type { ConditionsExplained, LinesExplained } from './explain-conditions.ts'
import type { FieldPath } from './explain-request.ts'
import { isFormula } from './formulas.ts'
import { madeOf } from '../catalogue/inputs.ts'
import { layerOf } from './explain-reach.ts'
import type { Reach, Reason } from './explain-reach.ts'
import type { Access, EntityAccess } from './types.ts'
import { onwardFrom } from './explain-state.ts'
import { belonging, isNamed } from './grants.ts'

/** Why a field of a record is shown and may be changed, or not. */
export interface FieldExplained {
  /** As the caller wrote it. */
  readonly name: string
  readonly title: string
  readonly shown: boolean
  readonly editable: boolean
  readonly required: boolean
  /** What decided each of them. */
  readonly because: readonly FieldReason[]
}
export interface FieldReason extends Reason {
  readonly about: 'shown' | 'editable' | 'required' | 'visible'
  readonly why?: Explanation
}

export interface ExplainingField {
  readonly access: Access
  readonly here: EntityAccess
  readonly field: FieldPath
  readonly reach: Reach
  /** Of a formula in lines: how many there are, and in how many of them it is withheld. */
  readonly lines: { readonly count: number; readonly withheld: number }
  readonly conditions: ConditionsExplained
  readonly roles: readonly string[]
  /** Whether the record takes an update at all. */
  readonly update: boolean
  /** Whether everybody concerned may know what a state of the record is. */
  readonly mayTell: (field: string) => boolean
}

/** Of a record of which no role shows anything. */
export const unseen = ({ text, field: { title } }: FieldPath): FieldExplained => ({
  name: text,
  title,
  shown: false,
  editable: false,
  required: false,
  because: [{ about: 'shown', detail: 'No role shows anything of this record.' }],
})

export function explainField(asked: ExplainingField): FieldExplained {
  const { field, conditions, update, lines, reach } = asked
  // Where no line shows it, it is as good as masked.
  const isNowhere = lines.withheld > 0 && lines.withheld === lines.count
  const explaining = isNowhere ? { ...asked, reach: { ...reach, masked: new Set([...reach.masked, field.path]) } } : asked
  const { title, required } = field.field
  const shown = shownBy(explaining)
  const fixed = fixedBy(explaining)
  const onward = onwardFrom(explaining)
  const isShown = shown.some((each) => each.grants) && !isNamed(explaining.reach.masked, field.path)
  const found = (kind: 'visibleWhen' | 'requiredWhen') => conditions.expressions.find((each) => each.kind === kind)
  const needed = found('requiredWhen')
  const visible = found('visibleWhen')
  return {
    name: field.text,
    title,
    shown: isShown,
    editable: isShown && update && fixed.length === 0 && onward.isOpen,
    required: required || conditions.truth.requiredWhen,
    because: [
      ...shown.map(({ reason }) => reason),
      ...(update ? [] : [{ about: 'editable', detail: 'The record as a whole may not be changed.' } as const]),
      ...fixed,
      ...onward.reasons,
      ...(lines.withheld > 0 && !isNowhere ? withheldInSome(title, lines) : []),
      ...conditions.inLines.flatMap((each) => holdsInSome(title, each)),
      ...(required ? [{ about: 'required', detail: `${title} is always required.` } as const] : []),
      ...(needed
        ? [
            {
              about: 'required',
              detail: `${title} is ${needed.holds === true ? '' : 'only '}required when its condition holds.`,
              why: needed.why,
            } as const,
          ]
        : []),
      ...(visible ? [{ about: 'visible', detail: `${title} is only asked for when its condition holds.`, why: visible.why } as const] : []),
    ],
  }
}

const ofLines = {
  visibleWhen: { about: 'visible', says: 'is asked for' },
  requiredWhen: { about: 'required', says: 'is required' },
  readOnlyWhen: { about: 'editable', says: 'cannot be changed now' },
} as const

function holdsInSome(title: string, { kind, holds, count }: LinesExplained): FieldReason[] {
  const { about, says } = ofLines[kind]
  // That it holds in all of them is told of the field itself.
  const isSaid = holds === 0 || (kind === 'readOnlyWhen' && holds === count)
  return isSaid ? [] : [{ about, detail: `In ${holds} of ${count} lines ${title} ${says}.` }]
}

function withheldInSome(title: string, { count, withheld }: ExplainingField['lines']): FieldReason[] {
  const where = `In ${withheld} of ${count} lines`
  return [
    { about: 'shown', detail: `${where} ${title} is made of what is not shown here.` },
    { about: 'editable', detail: `${where} what is not shown may not be changed.` },
  ]
}

/** What each role says of the field, where it is one by which the record is read. */
function shownBy({ access, here, field, reach, conditions, roles }: ExplainingField): { grants: boolean; reason: FieldReason }[] {
  const { catalogue } = access
  const isKnown = knowsPath(access, here.entity, field.path)
  const readers = new Set(
    reach.held.filter(({ what, holds }) => holds && (what === 'list' || what === 'get')).map(({ grant }) => grant.role),
  )
  const told = roles.flatMap((role): { grants: boolean; reason: FieldReason }[] => {
    const permission = here.entity.permissions.get(role)
    if (!permission) return []
    const title = roleTitle(catalogue, role)
    const of = { about: 'shown', role, layer: layerOf(catalogue, here.entity, role) } as const
    if (!readers.has(role)) return [{ grants: false, reason: { ...of, detail: `${title} does not show this record.` } }]
    if (isNamed(permission.hide, field.path))
      return [{ grants: false, reason: { ...of, detail: `${title} does not show ${field.field.title}.` } }]
    const masks = conditions.masks.get(role) ?? []
    if (masks.length === 0) return [{ grants: isKnown, reason: { ...of, detail: `${title} shows ${field.field.title}.` } }]
    return masks.map(({ holds, why }) => ({
      grants: isKnown && masks.every((each) => each.holds),
      reason: {
        ...of,
        detail: `${title} shows ${field.field.title} only where its condition holds${holds ? ', and here it does' : ': here it is masked'}.`,
        ...(why && { why }),
      },
    }))
  })
  if (told.length === 0) return [{ grants: false, reason: { about: 'shown', detail: 'No role shows anything of this record.' } }]
  // Each role would show it, and still it is not there.
  const isWithheld = told.some((each) => each.grants || !isKnown) && (!isKnown || isNamed(reach.masked, field.path))
  const isMade = isFormula(field.field) || madeOf(here.entity, field.field).length > 0
  return isWithheld && isMade
    ? [...told, { grants: false, reason: { about: 'shown', detail: `${field.field.title} is made of what is not shown here.` } }]
    : told
}

const roleTitle = (catalogue: Catalogue, role: string): string => catalogue.roles.get(role)?.title ?? role

function knowsPath(access: Access, entity: Entity, path: string): boolean {
  const [id = '', ...rest] = path.split('.')
  const field = access.entities.get(entity.id)?.visible.find((each) => each.id === id)
  if (!field || rest.length === 0) return field !== undefined
  const line = field.lines && access.catalogue.entities.get(field.lines.entity)
  return line ? knowsPath(access, line, rest.join('.')) : false
}

/** Everything that keeps the value as it is. */
function fixedBy({ access, here, field, reach, conditions, roles, mayTell }: ExplainingField): FieldReason[] {
  const { field: asked, path } = field
  const { title, logic } = asked
  const reasons: FieldReason[] = []
  const add = (detail: string, more: Partial<FieldReason> = {}) => reasons.push({ about: 'editable', detail, ...more })
  const derivation = logic?.derivation
  const { made } = conditions
  if (derivation && !derivation.overridable) add(`${title} is worked out from other values.`, made && { why: made })
  else if (asked.readOnly || asked.lines?.through) add(`${title} is set by the system.`)
  if (asked.createOnly) add(`${title} is set once, when the record is created.`)
  const isFixed = here.readOnly.has(path) || reach.fixed.has(path)
  if (isFixed)
    for (const role of roles) {
      const permission = here.entity.permissions.get(role)
      if (permission && isNamed(permission.readOnly, path))
        add(`${roleTitle(access.catalogue, role)} may not change ${title}.`, { role, layer: layerOf(access.catalogue, here.entity, role) })
    }
  if (isNamed(reach.masked, path)) add(`What is not shown may not be changed.`)
  else if (isFixed && reasons.length === 0 && belonging(here.entity).has(path))
    add(`To change ${title} here would give more than the role does.`)
  else if (isFixed && reasons.length === 0) add(`No role that may change this record may change ${title}.`)
  const { frozen } = conditions
  if (frozen)
    add(
      mayTell(frozen.state.id)
        ? `The record is ${frozen.title}: this no longer changes.`
        : 'The record is in a state that keeps this as it is.',
    )
  const kept = conditions.expressions.find((each) => each.kind === 'readOnlyWhen')
  if (conditions.truth.readOnlyWhen) add(`${title} cannot be changed now.`, kept && { why: kept.why })
  return reasons
}
