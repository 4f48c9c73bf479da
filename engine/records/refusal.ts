import type { Entity, Field, UniqueKey } from '../catalogue/types.ts'
import { constraintOf, toProblem } from '../database/errors.ts'
import { Stale } from '../database/types.ts'
import { Problem } from '../problems.ts'
import type { Fault } from '../problems.ts'
import { constraintMeaning } from '../schema/meaning.ts'
import type { Access, EntityAccess } from './types.ts'
import type { WriteRequest } from './write-request.ts'

type Asked = Pick<WriteRequest, 'access' | 'here' | 'operations' | 'mode'>

/** What the database refused, in the words of the request: which fields, not which constraint. Stale passes: the gateway retries. */
export function toRefusal(error: unknown, request: Asked): unknown {
  if (error instanceof Problem || error instanceof Stale) return error
  const { tree } = request.here.entity
  if (tree && isCycle(error)) {
    const detail = 'A record cannot be under itself.'
    return new Problem('request-invalid', detail, {
      cause: error,
      faults: [{ pointer: `${request.operations[0]?.pointer ?? ''}/${tree.parent.name}`, detail }],
    })
  }
  const problem = toProblem(error)
  const broken = brokenKey(error, request)
  if (!broken) return problem
  if (problem.code === 'unique-taken' && request.operations.some((each) => each.op === 'restore')) {
    return new Problem('restore-refused', 'Another record has taken its place meanwhile.', { cause: error })
  }
  const base =
    request.mode === 'one' ? `${request.operations[0]?.pointer ?? ''}${linesTo(request.access, request.here.entity, broken.entity)}` : ''
  return asTaken(problem, broken.fields, [base], error)
}

/** Another record, which the actor may not even see, has the same values in the fields of a key. */
export function takenKey(entity: Entity, key: UniqueKey, pointer: string, here: EntityAccess): Problem {
  return asTaken(new Problem('unique-taken'), fieldsOf(key.fields, entity === here.entity ? here : undefined), [pointer], undefined)
}

/** As `toRefusal`, when it is known which operations are to blame. */
export function takenAt(error: unknown, request: Asked, pointers: readonly string[]): Problem | null {
  const broken = brokenKey(error, request)
  return broken && pointers.length > 0 ? asTaken(toProblem(error), broken.fields, pointers, error) : null
}

interface BrokenKey {
  readonly entity: Entity
  /** Null: a constraint that is no unique key. */
  readonly key: UniqueKey | null
  /** Of the key, as far as the caller may know them. */
  readonly fields: readonly Field[]
}

/** What the constraint that was broken stands for, or null. */
export function brokenKey(error: unknown, { access }: Asked): BrokenKey | null {
  const constraint = constraintOf(error)
  const meaning = constraint === null ? null : constraintMeaning(access.catalogue, constraint)
  const entity = meaning && access.catalogue.entities.get(meaning.entity)
  if (!meaning || !entity) return null
  const key = entity.unique.find((each) => each.id === meaning.unique) ?? null
  const ids = key ? [...key.fields, ...(key.noOverlap ?? [])] : [meaning.field ?? '']
  return { entity, key, fields: fieldsOf(ids, access.entities.get(entity.id)) }
}

const fieldsOf = (ids: readonly string[], here: EntityAccess | undefined): readonly Field[] =>
  ids.flatMap((id) => here?.visible.find((field) => field.id === id) ?? [])

function asTaken({ code, message }: Problem, fields: readonly Field[], bases: readonly string[], cause: unknown): Problem {
  const titles = fields.map((field) => field.title).join(' and ')
  const detail = code === 'unique-taken' && titles ? `Another record has the same ${titles}.` : message
  const faults: Fault[] = bases.flatMap((base) => fields.map((field) => ({ pointer: `${base}/${field.name}`, detail })))
  return new Problem(code, detail, { cause, faults })
}

/** Where in a document the lines of an entity stand: `/lines`; '' for the document itself. */
function linesTo(access: Access, document: Entity, line: Entity): string {
  const parent = line === document || !line.parent ? undefined : access.catalogue.entities.get(line.parent.entity)
  const field = parent?.fieldById.get(line.parent!.field)
  return parent && field ? `${linesTo(access, document, parent)}/${field.name}` : ''
}

/** Raised by bos.tree_path. */
const isCycle = (error: unknown): boolean => typeof error === 'object' && error !== null && 'code' in error && error.code === 'BOS02'
