import type { Node, RecordNode, Type } from '../../expressions/types.ts'

/** Expressions that the differential test once found the two sides to disagree about, and what settled it. */
export interface Regression {
  readonly name: string
  readonly zone: string
  readonly node: Node
}

const number: Type = { kind: 'number', whole: false }
const boolean: Type = { kind: 'boolean' }
const nothing: Node = { kind: 'constant', type: { kind: 'null' }, value: null }
const constant = (type: Type, value: unknown): Node => ({ kind: 'constant', type, value })
const call = (overload: string, type: Type, ...args: readonly Node[]): Node => ({ kind: 'call', type, overload, args })
const numbers: Type = { kind: 'list', of: { kind: 'number', whole: false } }

const whole: Type = { kind: 'number', whole: true }
const wholes: Type = { kind: 'list', of: { kind: 'number', whole: true } }
const self: RecordNode = { kind: 'root', root: 'self', entity: 'fuzz.deal' }
const own: Node = { kind: 'field', type: boolean, of: self, entity: 'fuzz.deal', field: 'boolean0', member: null }
/** Of the deal that a deal stands below. */
const above = (field: string, type: Type): Node => ({
  kind: 'field',
  type,
  of: { kind: 'hop', of: self, field: 'above', entity: 'fuzz.deal' },
  entity: 'fuzz.deal',
  field,
  member: null,
})

const tag: RecordNode = { kind: 'element', variable: 0, entity: 'fuzz.tag' }
const flagOf = (of: RecordNode): Node => ({ kind: 'field', type: boolean, of, entity: 'fuzz.tag', field: 'boolean0', member: null })
const nobody: RecordNode = {
  kind: 'first',
  entity: 'core.member',
  source: { kind: 'filter', source: { kind: 'entity', entity: 'core.member' }, variable: 2, where: constant(boolean, false), order: [] },
}

export const regressions: readonly Regression[] = [
  {
    name: 'null in an empty list: nothing is in it, so false as in SQL',
    zone: 'UTC',
    node: call('in.list', boolean, constant(number, null), constant(numbers, [])),
  },
  {
    name: 'a list that is read by a sub-select is still a list, not rows',
    zone: 'UTC',
    node: call('in.list', boolean, constant({ kind: 'text' }, 'a'), {
      kind: 'field',
      type: { kind: 'list', of: { kind: 'text' } },
      of: { kind: 'root', root: 'user', entity: 'core.member' },
      entity: 'core.member',
      field: 'list_text8',
      member: null,
    }),
  },
  {
    name: 'an address, or nothing',
    zone: 'UTC',
    node: call('isEmpty.any', boolean, {
      kind: 'if',
      type: { kind: 'composite', members: ['city', 'country'] },
      condition: nothing,
      then: { kind: 'constant', type: { kind: 'composite', members: ['city', 'country'] }, value: { city: 'a' } },
      otherwise: nothing,
    }),
  },
  {
    name: 'an empty list beside something that is not text',
    zone: 'UTC',
    node: call(
      'contains.list',
      boolean,
      { kind: 'list', type: { kind: 'list', of: { kind: 'text' } }, items: [] },
      constant({ kind: 'record', entities: ['fuzz.deal'] }, null),
    ),
  },
  {
    name: 'not in an empty list, compared again: as a filter it keeps records that lead nowhere, although the planner holds it for null there',
    zone: 'UTC',
    node: call('eq.boolean', boolean, own, call('in.list', boolean, above('number_whole1', whole), constant(wholes, []))),
  },
  {
    name: 'the same, asked whether it is there at all',
    zone: 'UTC',
    node: call('isNotNull.any', boolean, call('in.list', boolean, above('number_whole1', whole), constant(wholes, []))),
  },
  {
    name: 'an untyped null as a condition',
    zone: 'UTC',
    node: { kind: 'if', type: number, condition: nothing, then: constant(number, '1'), otherwise: nothing },
  },
  {
    name: 'a search in a loop that also asks about the record outside: PostgreSQL keeps what it found for the record before',
    zone: 'UTC',
    node: {
      kind: 'aggregate',
      type: number,
      operation: 'count',
      source: { kind: 'entity', entity: 'fuzz.tag' },
      variable: 0,
      body: {
        kind: 'or',
        type: boolean,
        left: {
          kind: 'aggregate',
          type: boolean,
          operation: 'exists',
          source: { kind: 'inverse', of: tag, field: 'tag', entity: 'core.member' },
          variable: 1,
          body: own,
        },
        right: {
          kind: 'and',
          type: boolean,
          left: flagOf(tag),
          right: flagOf({ kind: 'hop', of: nobody, field: 'tag', entity: 'fuzz.tag' }),
        },
      },
    },
  },
]
