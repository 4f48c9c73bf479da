import { parse, type Compare, type Filter } from 'scim2-parse-filter'
import { Problem } from '../problems.ts'

/** What an attribute is in SQL. `folded`: as RFC 7643 has it, upper and lower case are the same (caseExact false). */
export interface Attribute {
  readonly sql: string
  readonly kind: 'exact' | 'folded' | 'flag' | 'moment'
}
/** By name in lower case, dotted: `emails.value`. */
export type Attributes = Readonly<Record<string, Attribute>>

/**
 * RFC 7644 §3.4.2.2 as a condition; values go into `values`, never into the text. An attribute that is not kept is refused, for it would find
 * everybody or nobody. Throws 'parameter-invalid'.
 */
export function conditionOf(filter: string, attributes: Attributes, values: unknown[], most: number): string {
  if (filter.length > most) throw invalid(`may have at most ${most} characters`)
  const tree = read(filter)
  const walk = (node: Filter, within: string): string => {
    switch (node.op) {
      case 'and':
      case 'or':
        return `(${node.filters.map((each) => walk(each, within)).join(` ${node.op} `)})`
      case 'not':
        return `not coalesce(${walk(node.filter, within)}, false)`
      case '[]':
        return walk(node.valFilter, `${node.attrPath}.`)
      case 'pr':
        return `${attribute(within + node.attrPath).sql} is not null`
      default:
        return compare(within, node)
    }
  }
  const attribute = (path: string): Attribute => {
    const name = path.replace(/^urn:[^ ]+:(?=[^:]+$)/i, '').toLowerCase()
    const found = Object.hasOwn(attributes, name) ? attributes[name] : undefined
    if (!found) throw invalid(`names ${path.slice(0, 60)}, by which nothing is found here`)
    return found
  }
  const compare = (within: string, { op, attrPath, compValue }: Compare): string => {
    // Of several addresses of a kind there is one here: that of work.
    if (/^emails\.$/i.test(within) && attrPath.toLowerCase() === 'type') return op === 'eq' && compValue === 'work' ? 'true' : 'false'
    const { sql, kind } = attribute(within + attrPath)
    if (compValue === null) return op === 'eq' ? `${sql} is null` : op === 'ne' ? `${sql} is not null` : fail(op, attrPath)
    if (kind === 'flag') {
      const flag =
        typeof compValue === 'boolean' ? compValue : /^(?:true|false)$/i.test(String(compValue)) ? /^true$/i.test(String(compValue)) : null
      if (flag === null || (op !== 'eq' && op !== 'ne')) return fail(op, attrPath)
      return `${sql} is ${op === 'eq' ? '' : 'not '}${flag}`
    }
    if (typeof compValue !== 'string') return fail(op, attrPath)
    const operator = orders[op]
    if (kind === 'moment') {
      if (operator === undefined || Number.isNaN(Date.parse(compValue))) return fail(op, attrPath)
      values.push(new Date(compValue).toISOString())
      return `${sql} ${operator} $${values.length}::timestamptz`
    }
    values.push(kind === 'folded' ? compValue.toLowerCase() : compValue)
    const [left, right] = [kind === 'folded' ? `lower(${sql})` : sql, `$${values.length}::text`]
    if (op === 'co') return `strpos(${left}, ${right}) > 0`
    if (op === 'sw') return `starts_with(${left}, ${right})`
    if (op === 'ew') return `right(${left}, length(${right})) = ${right}`
    return operator === undefined ? fail(op, attrPath) : `${left} ${operator} ${right}`
  }
  return walk(tree, '')
}

const orders: Readonly<Record<string, string>> = { eq: '=', ne: '<>', gt: '>', ge: '>=', lt: '<', le: '<=' }

function read(filter: string): Filter {
  try {
    return parse(filter)
  } catch (cause) {
    // Nested too deeply for the stack counts as what cannot be read.
    throw new Problem('parameter-invalid', 'The filter cannot be read.', {
      cause,
      faults: [{ pointer: 'filter', detail: 'cannot be read' }],
    })
  }
}

const fail = (op: string, path: string): never => {
  throw invalid(`cannot ask whether ${path.slice(0, 60)} is ${op} that`)
}
const invalid = (detail: string): Problem =>
  new Problem('parameter-invalid', `The filter ${detail}.`, { faults: [{ pointer: 'filter', detail }] })
