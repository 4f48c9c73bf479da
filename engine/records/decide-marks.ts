import type { Entity } from '../catalogue/types.ts'
import type { EventDraft, RowWrite } from './decide.ts'

/** A record that goes or comes back as it is. */
export interface Versioned {
  readonly entity: Entity
  readonly id: string
  readonly version: number
  readonly revision: number
}
interface Marked {
  readonly write: RowWrite
  readonly event: EventDraft
}

export const next = ({ version, revision }: Pick<Versioned, 'version' | 'revision'>) => ({ version: version + 1, revision: revision + 1 })

export function marked({ entity, id, ...at }: Versioned, deletionId: string): Marked {
  return {
    write: { kind: 'update', entity, row: { id, ...next(at), deleted: true, deletion_id: deletionId } },
    event: { entity, record: id, type: 'deleted', ...next(at), changed: [], body: { set: {} } },
  }
}

export function unmarked({ entity, id, ...at }: Versioned): Marked {
  return {
    write: { kind: 'update', entity, row: { id, ...next(at), deleted: false, deletion_id: null } },
    event: { entity, record: id, type: 'restored', ...next(at), changed: [], body: { set: {} }, isUnderived: true },
  }
}
