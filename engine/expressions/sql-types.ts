import { writeNumeric } from './numbers.ts'
import type { Numeric } from './numbers.ts'
import type { Type } from './types.ts'
import { fromCanonical } from './values.ts'

/** The SQL type that values of a static type have. */
export function sqlType(type: Type): string {
  switch (type.kind) {
    case 'number':
      return type.whole ? 'bigint' : 'numeric'
    case 'duration':
      return 'numeric'
    case 'dateTime':
      return 'timestamptz'
    case 'record':
      return 'uuid'
    case 'list':
      return `${sqlType(type.of)}[]`
    case 'json':
    case 'money':
    case 'composite':
      return 'jsonb'
    case 'boolean':
    case 'date':
    case 'time':
      return type.kind
    default:
      return 'text'
  }
}

/** What `pg` binds for a canonical value. */
export function bind(type: Type, canonical: unknown): unknown {
  if (canonical === null || canonical === undefined) return null
  if (type.kind === 'number' || type.kind === 'duration') return writeNumeric(fromCanonical(type, canonical) as Numeric)
  if (type.kind === 'record') return fromCanonical(type, canonical)
  if (type.kind === 'list') return (canonical as readonly unknown[]).map((each) => bind(type.of, each))
  return sqlType(type) === 'jsonb' ? JSON.stringify(canonical) : canonical
}
