import type { Catalogue, Entity, UniqueKey } from '../catalogue/types.ts'
import { Problem } from '../problems.ts'
import { wantedValue } from '../records/blame.ts'
import { linesFields } from '../records/change.ts'
import type { Change, Operation } from '../records/change.ts'
import { fieldsOf, taken } from '../records/decide-operations.ts'
import type { Result } from '../records/execute-once.ts'
import type { Access } from '../records/types.ts'
import { keyOfRow, keyText } from '../records/unique-keys.ts'

/** A row that a document would write: of its record, or of a line. */
interface WantedRow {
  readonly entity: Entity
  readonly change: Change
  readonly pointer: string
}
interface Period {
  readonly from: string | null
  readonly to: string | null
  readonly holder: string
}

/**
 * What a dry run cannot hear from the database. Nothing of the file is kept there, so two of its documents that want the same unique
 * values never meet: they meet here. One dry run has one of these, from the first row of the file to the last.
 */
export class Duplicates {
  readonly #seen = new Map<string, Period[]>()
  readonly #upserted = new Set<string>()

  /** The result of one document, as it would be with those before it in place. */
  judge(access: Access, operation: Operation, result: Result): Result {
    if (result instanceof Problem || !('change' in operation)) return result
    const row: WantedRow = { entity: operation.entity, change: operation.change, pointer: operation.pointer }
    const same = operation.op === 'upsert' ? keyTextOf(row, operation.key) : null
    const holder = same ?? (operation.op === 'upsert' ? result.id : operation.id)
    const isNew = result.status === 201
    const wanted = rowsOf(access.catalogue, row).flatMap((each) =>
      each.entity.unique.flatMap((key) => {
        const text = keyTextOf(each, key, isNew)
        return text === null ? [] : [{ text, key, each, period: periodOf(each, key, holder) }]
      }),
    )
    const clash = wanted.find(({ text, key, each, period }) =>
      this.#seen.get(text)?.some((other) => other.holder !== holder && meet(each.entity, key, other, period)),
    )
    if (clash) {
      const { key, each } = clash
      const fields = fieldsOf([...key.fields, ...(key.noOverlap ?? [])], access.entities.get(each.entity.id))
      return taken(new Problem('unique-taken'), fields, [each.pointer], undefined)
    }
    for (const { text, period } of wanted) this.#seen.set(text, [...(this.#seen.get(text) ?? []), period])
    if (same === null || !isNew) return result
    const isAgain = this.#upserted.has(same)
    this.#upserted.add(same)
    return isAgain ? { ...result, status: 200 } : result
  }
}

function rowsOf(catalogue: Catalogue, row: WantedRow): WantedRow[] {
  const below = linesFields(row.entity).flatMap((field) => {
    const entity = catalogue.entities.get(field.lines!.entity)!
    return (row.change.lines.get(field.id)?.lines ?? []).flatMap(({ change, pointer }) =>
      change && !entity.link ? rowsOf(catalogue, { entity, change, pointer }) : [],
    )
  })
  return [row, ...below]
}

/** The values of a key, or null where it has none: then it holds nothing. In a line's key `parent` is the document, of which each has its own. */
function keyTextOf({ entity, change }: WantedRow, key: UniqueKey, isNew = false): string | null {
  const values = keyOfRow(entity, key, (field) => {
    const echoed: unknown = change.echo.get(field.id)
    return wantedValue(change, field, echoed ?? (isNew ? field.default : null))
  })
  return values && keyText([entity.id, key.id, ...values], key)
}

function periodOf({ change, entity }: WantedRow, { noOverlap }: UniqueKey, holder: string): Period {
  const [from = null, to = null] = (noOverlap ?? []).map((id) => wantedValue(change, entity.fieldById.get(id)!, null) as string | null)
  return { from, to, holder }
}

/** A day belongs to its period; an instant that ends one begins the next. Canonical values compare as texts. */
function meet(entity: Entity, { noOverlap }: UniqueKey, a: Period, b: Period): boolean {
  if (!noOverlap) return true
  const isDay = entity.fieldById.get(noOverlap[0])!.columns[0]!.type === 'date'
  const begins = (one: Period, other: Period) =>
    one.from === null || other.to === null || (isDay ? one.from <= other.to : one.from < other.to)
  return begins(a, b) && begins(b, a)
}
