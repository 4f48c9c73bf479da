import type { Catalogue, Entity, Field } from '../catalogue/types.ts'
import type { Fault } from '../problems.ts'
import { Members } from './change.ts'
import type { Change, CreateOperation, Stored, StoredLine, UpdateOperation } from './change.ts'
import { isSame, same } from './decide-draft.ts'
import { invalid } from './decide-refusals.ts'

/** What of one record the actor may not see, and what they may see and not change: paths of ids, `margin` or `lines.cost`. */
export interface Without {
  readonly masked: ReadonlySet<string>
  readonly fixed: ReadonlySet<string>
  /** Whether a value as it is stored is kept from the actor, wherever it stands; absent: none is. */
  readonly withheld?: (field: Field, stored: unknown) => boolean
}

/**
 * Refuses what the caller may not write in this record, with a pointer for each. A value that is masked is refused whatever it is: an answer
 * that depended on what is stored would tell it. A value that is only fixed may be sent back as it is. Throws Problem 'request-invalid'.
 */
export function refuseWithheld(
  catalogue: Catalogue,
  { entity, change, pointer }: CreateOperation | UpdateOperation,
  stored: Stored | null,
  without: Without,
): void {
  if (without.masked.size + without.fixed.size === 0 && !without.withheld) return
  const faults: Fault[] = []
  judge(catalogue, { entity, change, pointer, stored, prefix: '' }, without, faults)
  if (faults.length > 0) throw invalid(faults)
}

/** Nothing of the record is masked for the actor, nor is a value that it or a line of it holds withheld. */
export function isShownWhole(
  catalogue: Catalogue,
  entity: Entity,
  stored: Pick<StoredLine, 'values' | 'lines'>,
  { masked, withheld }: Without,
): boolean {
  const shows = ({ fields, fieldById }: Entity, { values, lines }: Pick<StoredLine, 'values' | 'lines'>): boolean =>
    fields.every((field) => !withheld?.(field, values.get(field.id) ?? null)) &&
    [...lines].every(([id, rows]) => {
      const line = catalogue.entities.get(fieldById.get(id)!.lines!.entity)!
      return rows.every((each) => shows(line, each))
    })
  return masked.size === 0 && (!withheld || shows(entity, stored))
}

interface Place {
  readonly entity: Entity
  readonly change: Change
  readonly pointer: string
  /** Null: it is new. */
  readonly stored: Pick<StoredLine, 'values' | 'lines'> | null
  readonly prefix: string
}

function judge(catalogue: Catalogue, { entity, change, pointer, stored, prefix }: Place, without: Without, faults: Fault[]): void {
  const refuse = (name: string, detail: string) => faults.push({ pointer: `${pointer}/${name}`, detail })
  for (const [id, value] of [...change.set, ...change.echo]) {
    const field = entity.fieldById.get(id)
    if (!field) continue
    if (without.masked.has(prefix + id) || (stored && without.withheld?.(field, stored.values.get(id) ?? null)))
      refuse(field.name, 'This is not shown to you here, so you may not change it.')
    else if (without.fixed.has(prefix + id) && !change.echo.has(id) && !isAsStored(field, value, stored?.values.get(id) ?? null))
      refuse(field.name, 'Your role may not change this here.')
  }
  for (const [id, { lines, mode }] of change.lines) {
    const field = entity.fieldById.get(id)!
    const path = prefix + id
    const line = catalogue.entities.get(field.lines!.entity)!
    const known = new Map((stored?.lines.get(id) ?? []).map((each) => [each.id, each]))
    if (without.masked.has(path)) refuse(field.name, 'This is not shown to you here, so you may not change it.')
    else if (without.fixed.has(path)) {
      const links = line.link ? [...known.values()].map((each) => [...each.values.values()]) : null
      const asked = lines.map((each) => [...(each.change?.set.values() ?? [])])
      if (!links || mode !== 'replace' || !same(links, asked)) refuse(field.name, 'Your role may not change this here.')
    } else
      for (const each of lines)
        if (each.change && !line.link)
          judge(
            catalogue,
            { entity: line, change: each.change, pointer: each.pointer, stored: known.get(each.id) ?? null, prefix: `${path}.` },
            without,
            faults,
          )
  }
}

function isAsStored(field: Field, asked: unknown, stored: unknown): boolean {
  if (!(asked instanceof Members)) return isSame(field, asked, stored)
  const members = (stored ?? {}) as Readonly<Record<string, unknown>>
  return Object.entries(asked.members).every(([name, value]) => same(value ?? null, members[name] ?? null))
}
