import { describe, expect, it } from 'vitest'
import { catalogue, entity, field, typed } from '../testing/metadata.ts'
import { changeLines } from '../form/lines-change.ts'
import { editable, editableLine, growing, type LinesAt } from './editable.ts'
import { emptyRow } from './row-logic.ts'

const list = (name: string, of: string) => field({ id: `${name}-id`, name, lines: { entity: of, linkField: null, through: null } })
const part = entity({ id: 'x.part', kind: 'line', fields: [field({ id: 'serial-id', name: 'serial' })] })
const line = entity({
  id: 'x.line',
  kind: 'line',
  fields: [
    field({ id: 'item-id', name: 'item' }),
    field({ id: 'delivered-id', name: 'delivered' }),
    field({ id: 'code-id', name: 'code', createOnly: true }),
    field({ id: 'sum-id', name: 'sum', readOnly: true }),
    list('parts', 'x.part'),
  ],
})
const frozen = (except: readonly string[]) => ({ frozen: true, except, required: [] })
const order = entity({
  id: 'x.order',
  fields: [
    field({ id: 'name-id', name: 'name' }),
    field({ id: 'notes-id', name: 'notes' }),
    field({ id: 'code-id', name: 'code', createOnly: true }),
    typed('select', { enum: ['draft', 'sent', 'closed', 'noted'] }, { id: 'state-id', name: 'state' }),
    list('lines', 'x.line'),
  ],
  lifecycles: [
    {
      field: 'state',
      initial: 'draft',
      transitions: [],
      states: {
        sent: frozen(['lines-id.*.delivered-id', 'lines-id.*.parts-id']),
        closed: frozen([]),
        noted: frozen(['notes-id', 'lines-id']),
      },
    },
  ],
})
const named = (each: typeof line, name: string) => each.fields.find((one) => one.name === name)!
const lines = named(order, 'lines')
const at = (state: string): LinesAt => ({ entity: order, record: { id: '1', state }, lists: [lines] })
const stored = { id: '2', item: 'a', delivered: '1', code: 'c', sum: '3' }
const fresh = { ...stored, id: 'new:1' }
const open = (place: LinesAt | null, row: Record<string, unknown> & { id: string } = stored, of = line): readonly string[] =>
  of.fields.filter((each) => editableLine(place, each, row)).map(({ name }) => name)

describe('what may be typed into', () => {
  const names = (state: string) => order.fields.filter((each) => editable(order, each, 'edit', { id: '1', state })).map(({ name }) => name)
  it('is nothing that a state freezes; lines are open as far as something in them is', () => {
    expect(names('draft')).toEqual(['name', 'notes', 'lines'])
    expect(names('closed')).toEqual([])
    expect(names('noted')).toEqual(['notes', 'lines'])
    expect(names('sent')).toEqual(['lines'])
  })
  it('is in a line what its document’s state leaves open, by the path of the value', () => {
    expect(open(at('draft'))).toEqual(['item', 'delivered', 'parts'])
    expect(open(at('sent'))).toEqual(['delivered', 'parts'])
    expect(open(at('closed'))).toEqual([])
    expect(open({ ...at('sent'), lists: [lines, named(line, 'parts')] }, stored, part)).toEqual(['serial'])
    expect(['draft', 'sent', 'closed', 'noted'].map((state) => growing(at(state)))).toEqual([true, false, false, true])
    expect(growing(null)).toBe(true)
  })
  it('is in a line what may be given once only where the line is new', () => {
    expect(open(null, fresh)).toEqual(['item', 'delivered', 'code', 'parts'])
    expect(open(null)).not.toContain('code')
    const all = catalogue(order, line, part)
    const other = { ...stored, code: 'other', sum: '9', item: 'b' }
    expect(changeLines(all, line, [stored], [other])).toEqual({ '2': { item: 'b' } })
    expect(changeLines(all, line, [], [{ ...other, id: 'new:1' }])).toMatchObject({ 'new:1': { item: 'b', code: 'other' } })
  })
  it('is nothing that is not shown, nor what a condition keeps', () => {
    expect(open(null, { ...stored, _masked: ['item'] })).toEqual(['delivered', 'parts'])
    expect(editableLine(null, named(line, 'item'), stored, { ...emptyRow, locked: { item: ['code'] } })).toBe(false)
    expect(editable(order, named(order, 'name'), 'edit', { id: '1' }, { ...emptyRow, locked: { name: [] } })).toBe(false)
  })
})
