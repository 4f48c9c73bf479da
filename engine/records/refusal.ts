import { constraintOf, toProblem } from '../database/errors.ts'
import { Stale } from '../database/types.ts'
import { Problem } from '../problems.ts'
import type { Fault } from '../problems.ts'
import { constraintMeaning } from '../schema/meaning.ts'
import type { WriteRequest } from './write-request.ts'

/** What the database refused, in the words of the request: which fields, not which constraint. Stale passes: the gateway retries. */
export function toRefusal(error: unknown, request: Pick<WriteRequest, 'access' | 'here' | 'operations' | 'mode'>): unknown {
  if (error instanceof Problem || error instanceof Stale) return error
  const { tree } = request.here.entity
  if (tree && isCycle(error)) {
    const detail = 'A record cannot be under itself.'
    return new Problem('request-invalid', detail, { cause: error, faults: [{ pointer: `${request.operations[0]?.pointer ?? ''}/${tree.parent.name}`, detail }] })
  }
  const problem = toProblem(error)
  const constraint = constraintOf(error)
  const meaning = constraint === null ? null : constraintMeaning(request.access.catalogue, constraint)
  const entity = meaning && request.access.catalogue.entities.get(meaning.entity)
  if (!meaning || !entity) return problem
  if (request.operations.some((each) => each.op === 'restore') && problem.code === 'unique-taken') {
    return new Problem('restore-refused', 'Another record has taken its place meanwhile.', { cause: error })
  }
  const ids = meaning.unique === null ? [meaning.field] : (entity.unique.find((each) => each.id === meaning.unique)?.fields ?? [])
  const visible = request.access.entities.get(entity.id)?.visible ?? []
  const fields = ids.flatMap((id) => visible.find((field) => field.id === id) ?? [])
  const base = request.mode === 'one' && entity === request.here.entity ? (request.operations[0]?.pointer ?? '') : ''
  const titles = fields.map((field) => field.title).join(' and ')
  const detail = problem.code === 'unique-taken' && titles ? `Another record has the same ${titles}.` : problem.message
  const faults: Fault[] = fields.map((field) => ({ pointer: `${base}/${field.name}`, detail }))
  return new Problem(problem.code, detail, { cause: error, faults })
}

/** Raised by bos.tree_path. */
const isCycle = (error: unknown): boolean => typeof error === 'object' && error !== null && 'code' in error && error.code === 'BOS02'
