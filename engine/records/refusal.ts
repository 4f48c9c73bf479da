import type { Entity, Field, UniqueKey } from '../catalogue/types.ts'
import { constraintOf, sqlState, toProblem } from '../database/errors.ts'
import { Stale } from '../database/types.ts'
import { Problem } from '../problems.ts'
import { constraintMeaning } from '../schema/meaning.ts'
import { fieldsOf, taken } from './decide-operations.ts'
import { documentOf } from './tables.ts'
import type { WriteRequest } from './request.ts'
import { withoutHidden } from './hidden-faults.ts'
import type { Access } from './types.ts'

type Asked = Pick<WriteRequest, 'access' | 'here' | 'operations' | 'mode'>

/** What the database refused, in the words of the request: which fields, not which constraint. Stale passes: the gateway retries. */
export function refusalOf(error: unknown, request: Asked): unknown {
  if (error instanceof Problem) return withoutHidden(error, request)
  if (error instanceof Stale) return error
  const { tree } = request.here.entity
  if (tree && isCycle(error)) {
    const detail = 'A record cannot be under itself.'
    // The database does not say which of several moves closed the circle.
    const [mover, ...others] = request.operations.filter(
      (each) => each.op === 'restore' || ('change' in each && each.change.set.has(tree.parent.id)),
    )
    const faults = mover && others.length === 0 ? [{ pointer: `${mover.pointer}/${tree.parent.name}`, detail }] : []
    return new Problem('request-invalid', detail, { cause: error, faults })
  }
  const problem = toProblem(error)
  const broken = brokenKey(error, request)
  if (!broken) return problem
  if (problem.code === 'unique-taken' && request.operations.some((each) => each.op === 'restore')) {
    return new Problem('restore-refused', 'Another record has taken its place meanwhile.', { cause: error })
  }
  const base =
    request.mode === 'one' ? `${request.operations[0]?.pointer ?? ''}${linesTo(request.access, request.here.entity, broken.entity)}` : ''
  const { entity } = request.here
  if (documentOf(request.access.catalogue, broken.entity) !== entity) return takenElsewhere(problem, broken, base, error)
  return taken(problem, broken.fields, [base], error)
}

/** By a record that hangs on the request: none of its fields stands there. */
function takenElsewhere({ code, message }: Problem, { entity, fields }: BrokenKey, pointer: string, cause: unknown): Problem {
  if (code !== 'unique-taken' || fields.length === 0) return new Problem(code, message, { cause })
  const detail = `${entity.title}: Another record has the same ${fields.map((field) => field.title).join(' and ')}.`
  return new Problem(code, detail, { cause, faults: [{ pointer, detail }] })
}

/** As `refusalOf`, when it is known which operations are to blame. */
export function refusalOfTaken(error: unknown, request: Asked, pointers: readonly string[]): Problem | null {
  const broken = brokenKey(error, request)
  return broken && pointers.length > 0 ? taken(toProblem(error), broken.fields, pointers, error) : null
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

/** Where in a document the lines of an entity stand: `/lines`; '' for the document itself. */
function linesTo(access: Access, document: Entity, line: Entity): string {
  const parent = line === document || !line.parent ? undefined : access.catalogue.entities.get(line.parent.entity)
  const field = parent?.fieldById.get(line.parent!.field)
  return parent && field ? `${linesTo(access, document, parent)}/${field.name}` : ''
}

/** Raised by bos.tree_path. */
const isCycle = (error: unknown): boolean => sqlState(error) === 'BOS02'
