import type { Entity } from '../catalogue/types.ts'
import { Problem } from '../problems.ts'
import type { Fault, FaultSubject } from '../problems.ts'
import { isOpen } from './derived-access.ts'
import type { WriteRequest } from './request.ts'
import type { Access } from './types.ts'

type Asked = Pick<WriteRequest, 'access' | 'here' | 'operations'>

const unsaid = 'Something that you may not see stands against it.'

/** The problem, with nothing in it of fields that the caller does not know. */
export function withoutHidden(problem: Problem, request: Asked): Problem {
  const faults = knownFaults(problem.faults, request)
  if (faults === problem.faults) return problem
  const { code, message, headers } = problem
  const wasFault = problem.faults.some(({ detail }) => detail === message)
  return new Problem(code, wasFault ? faults[0]!.detail : message, { cause: problem, faults, headers })
}

/**
 * Rules speak for themselves, at the nearest place that the caller knows. What else is wrong with a field that they do not know, here or in a record
 * that only hangs on the request, would say its name: there is only said that there is something.
 */
export function knownFaults(faults: readonly Fault[], { access, here, operations }: Asked): readonly Fault[] {
  const told = faults.map((each) => {
    const fault = aboutKnown(each, access)
    const base = operations.find(({ pointer }) => fault.pointer === pointer || fault.pointer.startsWith(`${pointer}/`))?.pointer
    if (base === undefined) return fault
    const hidden = hiddenAt(access, here.entity, fault.pointer.slice(base.length).split('/').slice(1))
    if (!hidden) return fault
    const isRule = fault.about?.message === fault.detail || hidden.entity.rules.some(({ message }) => message === fault.detail)
    return { pointer: [base, ...hidden.known].join('/'), detail: isRule ? fault.detail : unsaid }
  })
  if (told.every((each, i) => each === faults[i])) return faults
  // Nor does it say in how many ways.
  return told.filter(({ pointer, detail }, i) => told.findIndex((each) => each.pointer === pointer && each.detail === detail) === i)
}

/** What it says of a record elsewhere, if whoever asks may read that of every such record. */
function aboutKnown(fault: Fault, access: Access): Fault {
  const { pointer, about } = fault
  return !about || mayKnow(access, about) ? fault : { pointer, detail: about.message ?? unsaid }
}

export const mayKnow = ({ entities }: Access, { entity, field }: FaultSubject): boolean => isOpen(entities.get(entity), field)

/** Where a path of names leaves what the caller knows; null: it does not. */
function hiddenAt(
  access: Access,
  entity: Entity,
  [name, line, ...rest]: readonly string[],
): { entity: Entity; known: readonly string[] } | null {
  const field = name === undefined ? undefined : entity.fieldByName.get(name)
  if (name === undefined || !field) return null
  if (access.entities.get(entity.id)?.visible.includes(field) !== true) return { entity, known: [] }
  const below = field.lines && line !== undefined ? access.catalogue.entities.get(field.lines.entity) : undefined
  if (!below || below.link || line === undefined) return null
  const hidden = hiddenAt(access, below, rest)
  return hidden && { entity: hidden.entity, known: [name, line, ...hidden.known] }
}
