import type { CatalogueView, Entity } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import { toFunction } from '../../engine/expressions/evaluate.ts'
import type { Environment, RecordView } from '../../engine/expressions/evaluate.ts'
import type { Question } from '../../engine/expressions/split.ts'
import { exchange } from '../../engine/expressions/transform.ts'
import type { Node, Value } from '../../engine/expressions/types.ts'
import { toCanonical } from '../../engine/expressions/values.ts'

/** What expressions ask outside of the document, answered from records that this person may read, as far as those are at hand. */
export interface KnownRecords {
  readonly catalogue: CatalogueView
  /** The record; null: not there, or not for this person; undefined: not read yet. */
  readonly read: (entity: string, id: string) => RecordData | null | undefined
}

/** missing: a record has to be read first. elsewhere: only the server can say. */
export type Answered = { readonly value: unknown } | 'missing' | 'elsewhere'

class Elsewhere extends Error {}
class Missing extends Error {}

interface Compiled {
  readonly run: (environment: Environment) => Value
  /** By entity: what its records are found by. Null: it is searched by something other than ids. */
  readonly ids: ReadonlyMap<string, readonly Node[]> | null
}
const compiled = new WeakMap<Question, Compiled>()

/** `self.customer.country` asks for the country of the one company with that id; anything that has to be searched for is not known here. */
function compile(question: Question): Compiled {
  const known = compiled.get(question)
  if (known) return known
  const ids = new Map<string, Node[]>()
  let isById = true
  exchange(question.node, {
    source: (source) => {
      if (source.kind === 'entity') isById = false
      if (source.kind !== 'filter' || source.source.kind !== 'entity') return null
      const { where, variable } = source
      const by = where.kind === 'call' && (where.overload === 'eq.record' || where.overload === 'in.list') ? where.args : []
      const [element, id] = by
      const isSimple =
        element?.kind === 'identity' &&
        element.of.kind === 'element' &&
        element.of.variable === variable &&
        (id?.kind === 'parameter' || id?.kind === 'constant')
      if (!isSimple) isById = false
      else ids.set(source.source.entity, [...(ids.get(source.source.entity) ?? []), id])
      return source
    },
  })
  const made = { run: toFunction(question.node), ids: isById ? ids : null }
  compiled.set(question, made)
  return made
}

/** `inputs` are canonical, `parameter` says what is neither input nor question. */
export function answerFrom(
  { catalogue, read }: KnownRecords,
  question: Question,
  inputs: readonly unknown[],
  parameter: (name: string) => unknown,
): Answered {
  const { run, ids } = compile(question)
  if (ids === null) return 'elsewhere'
  const valueOf = (name: string): unknown => {
    const index = /^input:(\d+)$/.exec(name)?.[1]
    return index === undefined ? parameter(name) : inputs[Number(index)]
  }
  const find = (entity: string, id: string): RecordView => {
    const view = catalogue.entities[entity]
    if (!view?.path) throw new Elsewhere()
    const record = read(entity, id)
    if (record === undefined) throw new Missing()
    if (record === null) throw new Elsewhere()
    return viewOf(view, record)
  }
  function viewOf(entity: Entity, record: RecordData): RecordView {
    const valueAt = (id: string): unknown => {
      const name = entity.fields.find((field) => field.id === id)?.name ?? id
      const value = record[name]
      if (value === undefined) throw new Elsewhere()
      return value
    }
    return {
      get: (field) => (field === 'id' ? record.id : valueAt(field)),
      related(field) {
        const value = valueAt(field)
        if (typeof value === 'object' && value !== null && 'entity' in value && 'id' in value)
          return find(String(value.entity), String(value.id))
        const target = entity.fields.find((each) => each.id === field)?.reference?.targets[0]?.entity
        return typeof value === 'string' && target !== undefined ? find(target, value) : null
      },
      document: () => {
        throw new Elsewhere()
      },
      rows(via, field, target) {
        if (via === 'inverse') throw new Elsewhere()
        const value = valueAt(field)
        const rows: readonly unknown[] = Array.isArray(value) ? value : []
        const line = catalogue.entities[target]
        if (via === 'links') return rows.map((id) => find(target, String(id)))
        if (!line) throw new Elsewhere()
        return rows.map((row) => viewOf(line, row as RecordData))
      },
    }
  }
  const environment: Environment = {
    zone: catalogue.tenant.timeZone,
    self: null,
    old: null,
    user: null,
    get settings(): RecordView {
      throw new Elsewhere()
    },
    search: (entity) =>
      (ids.get(entity) ?? []).flatMap((node) => {
        const value = node.kind === 'constant' ? node.value : node.kind === 'parameter' ? valueOf(node.name) : null
        const wanted: readonly unknown[] = Array.isArray(value) ? value : [value]
        const keys = wanted.map((id) => (typeof id === 'object' && id !== null && 'id' in id ? id.id : id))
        return [...new Set(keys.filter((key) => typeof key === 'string'))].toSorted().map((key) => find(entity, key))
      }),
    parameter: valueOf,
  }
  try {
    return { value: toCanonical(question.node.type, run(environment)) }
  } catch (error) {
    if (error instanceof Elsewhere) return 'elsewhere'
    if (error instanceof Missing) return 'missing'
    throw error
  }
}
