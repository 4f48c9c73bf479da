import { dependenciesOf } from '../expressions/dependencies.ts'
import { exchange } from '../expressions/transform.ts'
import type { Dependencies, Expression, Needs, Node } from '../expressions/types.ts'
import { systemField } from './system-fields.ts'

/**
 * What an expression reads that changes without any record's being written, or by ways that nobody follows to the values made of it. Such a value is
 * never stored: it is worked out whenever it is read.
 */

/** Its answer hangs on when it is asked for, or by whom. */
export const needsMoment = ({ roots, parameters }: Dependencies): boolean =>
  roots.has('user') || [...parameters].some((each) => each === 'now' || each === 'today' || each.startsWith('user.'))

/** The engine keeps it, and may change it. */
const isMoving = (name: string): boolean => {
  const field = systemField(name)
  return field !== undefined && !field.isConstant
}

/** `pathOf`: the field in which a tree keeps where each record stands; null: the entity is none. */
export function isVolatile({ root, dependencies }: Expression, pathOf: (entity: string) => string | null): boolean {
  if (needsMoment(dependencies)) return true
  // An amount keeps the currency that it had when it was stored.
  const { roots, parameters, searched } = dependenciesOf(exchange(root, { node: withoutCurrency }))
  if (roots.has('settings') || [...parameters].some((each) => each.startsWith('tenant.') && each !== 'tenant.id')) return true
  const reads = ({ entity, values, hops, lines, links, inverse, document }: Needs): boolean => {
    const path = pathOf(entity)
    for (const field of [...values, ...hops.keys()]) if (field === path || isMoving(field)) return true
    const below = [hops, lines, links, inverse].flatMap((each) => [...each.values()])
    return [...below, ...(document ? [document] : [])].some(reads)
  }
  return [...roots.values(), ...searched.values()].some(reads)
}

const withoutCurrency = (node: Node): Node | null => (node.kind === 'money' ? exchange(node.amount, { node: withoutCurrency }) : null)
