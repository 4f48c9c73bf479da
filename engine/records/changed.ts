import type { Catalogue, Entity } from '../catalogue/types.ts'
import type { EventBody, EventDraft } from './decide.ts'

/** What has changed, as far as others may hang on it. */
export interface Changed {
  readonly entity: Entity
  readonly id: string
  readonly fields: readonly string[]
  /** Of a line: the id of what it stands in. */
  readonly parent: string | null
  /** It is new, gone or back, and with it its lines. */
  readonly comesOrGoes: boolean
  /** What is derived of itself has yet to be worked out. */
  readonly isUnderived: boolean
  /** What its fields were and are, by id. */
  readonly from: ReadonlyMap<string, unknown>
  readonly to: ReadonlyMap<string, unknown>
  /** Where in the request the cause stands. */
  readonly pointer: string
}

/** What events say has changed: documents and their lines. */
export function changesOf(
  catalogue: Catalogue,
  events: readonly EventDraft[],
  pointerOf: (record: string, line?: string) => string = () => '',
): Changed[] {
  return events.flatMap((event): Changed[] => {
    const { entity, record, type, body } = event
    const root: Changed = {
      entity,
      id: record,
      parent: null,
      fields: Object.keys(body.set),
      comesOrGoes: ['created', 'deleted', 'restored'].includes(type),
      isUnderived: event.isUnderived === true,
      ...valuesOf(body.set),
      pointer: pointerOf(record),
    }
    const lines = Object.entries(body.lines ?? {}).map(([id, { path, op, set }]): Changed => ({
      entity: lineAt(catalogue, entity, path),
      id,
      parent: path.split('/').at(-2) ?? record,
      fields: Object.keys(set),
      comesOrGoes: op !== 'changed',
      isUnderived: false,
      ...valuesOf(set),
      pointer: pointerOf(record, id),
    }))
    return [root, ...lines]
  })
}

/** `lines`, or `lines/{line}/parts`: the entity of what stands there. */
function lineAt(catalogue: Catalogue, entity: Entity, path: string): Entity {
  const [field = '', , ...below] = path.split('/')
  const line = catalogue.entities.get(entity.fieldById.get(field)!.lines!.entity)!
  return below.length > 0 ? lineAt(catalogue, line, below.join('/')) : line
}

const valuesOf = (set: EventBody['set']): Pick<Changed, 'from' | 'to'> => ({
  from: new Map(Object.entries(set).map(([field, { from }]) => [field, from])),
  to: new Map(Object.entries(set).map(([field, { to }]) => [field, to])),
})
