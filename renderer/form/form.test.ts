import { describe, expect, it, vi } from 'vitest'
import { catalogue, entity, field, typed } from '../testing/metadata.ts'
import type { RecordData } from '../api/records.ts'
import { isNew } from '../model/editable.ts'
import { startingField } from '../model/entity.ts'
import { createBody, initialData, patchBody, placeIn, type FormData } from './body.ts'
import { changeLines, rowOf, type Line } from './lines-change.ts'
import { placeFaults, withoutFault } from './problems.ts'
import { checkForm } from './validator.ts'
import { sentence } from './words.ts'

const part = entity({
  id: 'inv.part',
  kind: 'line',
  title: 'Part',
  path: null,
  fields: [typed('text', { maxLength: 8 }, { name: 'serial', title: 'Serial' })],
})
const line = entity({
  id: 'inv.line',
  kind: 'line',
  title: 'Line',
  path: null,
  fields: [
    typed('text', { maxLength: 20 }, { name: 'item', title: 'Item', required: true }),
    typed('integer', { minimum: 1 }, { name: 'quantity', title: 'Quantity', required: true }),
    field({ name: 'amount', readOnly: true }),
    field({ name: 'parts', type: 'lines', lines: { entity: 'inv.part', linkField: null, through: null } }),
  ],
})
const given = entity({
  id: 'inv.order',
  title: 'Order',
  titleField: 'number',
  fields: [
    field({ name: 'number', title: 'Number', readOnly: true, type: 'sequence' }),
    typed('text', { maxLength: 5 }, { name: 'ref', title: 'Reference' }),
    typed(
      'reference',
      { 'x-bos': { entity: 'crm.company' } },
      { name: 'customer', title: 'Customer', required: true, reference: { targets: [{ entity: 'crm.company' }], several: false } },
    ),
    typed('money', {}, { name: 'total', title: 'Total' }),
    typed('select', { enum: ['new', 'sent'] }, { name: 'status', title: 'Status', default: 'new' }),
    field({ name: 'owner', title: 'Owner', defaultsToActor: true }),
    field({ name: 'code', title: 'Code', createOnly: true }),
    typed(
      'lines',
      { 'x-bos': { entity: 'inv.line' } },
      { name: 'lines', title: 'Lines', lines: { entity: 'inv.line', linkField: null, through: null } },
    ),
  ],
})
const all = catalogue(given, line, part)
const order = all.entities['inv.order'] as typeof given
const id = (n: number): string => `0198c0de-0000-7000-8000-00000000000${n}`

it('a new line is another one after a reload, too', async () => {
  const made = []
  for (const _load of [1, 2]) {
    vi.resetModules()
    const { newLineId } = await import('../model/editable.ts')
    const key = newLineId()
    // What the server takes as the key of a new line.
    expect([isNew({ id: key }), key]).toEqual([true, expect.stringMatching(/^new:[A-Za-z0-9_-]{1,40}$/)])
    made.push(key)
  }
  expect(new Set(made).size).toBe(2)
})

describe('validation in the browser', () => {
  const faults = (data: FormData, record?: RecordData) =>
    Object.fromEntries(checkForm(all, order, record ? 'edit' : 'create', record, data).map(({ path, detail }) => [path.join('/'), detail]))
  it('says what is missing, too long or not offered, at the field and in the line', () => {
    expect(
      faults({
        ref: 'too long',
        status: 'gone',
        lines: [
          { id: 'new:1', item: 'a', quantity: 1 },
          { id: 'new:2', quantity: 0 },
        ],
      }),
    ).toEqual({
      customer: 'Customer is required',
      ref: 'Use at most 5 characters',
      status: 'Choose one of the offered values',
      'lines/1/item': 'Item is required',
      'lines/1/quantity': 'Enter at least 1',
    })
  })
  it('takes emptied fields for absent, and exact numbers as text', () => {
    expect(faults({ ref: null, customer: id(1), total: { amount: '12.50', currency: 'EUR' }, lines: [] })).toEqual({})
    expect(faults({ customer: '' })).toEqual({ customer: 'Customer is required' })
  })
  it('judges an edit by what PATCH would get: what was emptied, changed or added, and nothing else', () => {
    const record = {
      id: id(1),
      version: 1,
      ref: 'much too long already',
      customer: id(2),
      lines: [
        { id: id(3), item: 'a', quantity: 1 },
        { id: id(4), item: 'b', quantity: 0 },
      ],
    }
    const [first, second] = record.lines
    expect(faults(record, record)).toEqual({})
    expect(
      faults({ ...record, customer: undefined, lines: [{ ...first, item: undefined }, second, { id: 'new:1', quantity: 0 }] }, record),
    ).toEqual({
      customer: 'Customer is required',
      'lines/0/item': 'Item is required',
      'lines/2/item': 'Item is required',
      'lines/2/quantity': 'Enter at least 1',
    })
    expect(faults({ ...record, lines: [{ ...first, parts: [{ id: 'new:1', serial: 'longer than eight' }] }, second] }, record)).toEqual({
      'lines/0/parts/0/serial': 'Use at most 8 characters',
    })
  })
  it('generates no code: the page forbids it', () => {
    const { Function: original } = globalThis
    globalThis.Function = (() => {
      throw new Error('code was made from text')
    }) as unknown as FunctionConstructor
    try {
      expect(faults({ customer: 5 })).toHaveProperty('customer')
    } finally {
      globalThis.Function = original
    }
  })
})

describe('a server’s faults', () => {
  const rows: readonly Line[] = [{ id: id(1) }, { id: id(2) }, { id: 'new:1' }]
  const place = (mode: 'create' | 'edit') =>
    placeFaults(
      [
        { pointer: '/customer', detail: 'There is no such company.' },
        { pointer: '/lines/2/quantity', detail: 'must be at least 1' },
        { pointer: `/lines/${id(2)}/item`, detail: 'must be text' },
        { pointer: '/lines/new:1/item', detail: 'An item is needed.' },
        { pointer: '/total/amount', detail: 'has 3 decimal places' },
        { pointer: '/secret', detail: 'There is no field "secret".' },
        { pointer: '', detail: 'Not like this.' },
      ],
      placeIn(all, order, mode, { lines: rows }),
      ([name = ''], detail) => sentence(name, detail),
    )
  it('land on the fields they name, inside lines too, whether a line is named by place, id or key', () => {
    expect(place('edit').tree).toEqual({
      customer: { __errors: ['There is no such company'] },
      total: { __errors: ['total has 3 decimal places'] },
      lines: {
        1: { item: { __errors: ['lines must be text'] } },
        2: { quantity: { __errors: ['lines must be at least 1'] }, item: { __errors: ['An item is needed'] } },
      },
    })
  })
  it('that have no field here are left for a toast', () => {
    expect(place('create').rest).toEqual(['There is no field "secret".', 'Not like this.'])
  })
  it('go when their field is edited', () => {
    expect(withoutFault(place('edit').tree, 'lines')).not.toHaveProperty('lines')
  })
  it('about a line that is gone stay at the lines', () => {
    expect(placeIn(all, order, 'edit', { lines: [] })(['lines', id(9), 'item'])).toEqual(['lines'])
    expect(rowOf(rows, '7')).toBeNull()
  })
  it('escaped in the pointer are read as they are', () => {
    expect(
      placeFaults(
        [{ pointer: '/a~1b', detail: 'x' }],
        (parts) => parts,
        (_, detail) => detail,
      ).tree,
    ).toEqual({ 'a/b': { __errors: ['x'] } })
  })
})

describe('what is sent', () => {
  it('a create has values and defaults, no empties, no keys of ours', () => {
    const data = {
      ...initialData(all, order, { customer: id(1) }),
      ref: null,
      lines: [{ id: 'new:7', item: 'a', quantity: 2, amount: '5', parts: [{ id: 'new:8', serial: 's' }] }],
    }
    expect(createBody(all, order, data)).toEqual({
      customer: id(1),
      status: 'new',
      owner: 'm',
      lines: [{ item: 'a', quantity: 2, parts: [{ serial: 's' }] }],
    })
  })
  it('a create begins in the first state, or in one to which one step leads from there', () => {
    const state = typed('select', { enum: ['draft', 'open', 'paid', 'void'] }, { name: 'state', title: 'State' })
    const step = (name: string, from: readonly string[] | null, to: string) => ({ name, title: name, from, to, guard: null, message: null })
    const transitions = [
      step('submit', ['draft'], 'open'),
      step('pay', ['open'], 'paid'),
      step('cancel', null, 'void'),
      step('drop', ['draft'], 'void'),
    ]
    const claim = entity({ fields: [state], lifecycles: [{ field: 'state', initial: 'draft', states: {}, transitions }] })
    const began = (asked: FormData) => initialData(catalogue(claim), claim, asked)['state']
    // Two steps lead to `void`: which is meant cannot be said here.
    expect([{}, { state: 'paid' }, { state: 'void' }, { state: 'open' }].map(began)).toEqual(['draft', 'draft', 'draft', 'open'])
    const { required, settings } = startingField(claim, state)
    expect([required, settings]).toMatchObject([true, { options: [{ id: 'draft' }, { id: 'open' }] }])
    expect((settings as { options: unknown[] }).options).toHaveLength(2)
  })
  it('a patch has only what changed, and nothing that may not be', () => {
    const record = {
      id: id(1),
      version: 3,
      ref: 'a',
      customer: id(2),
      code: 'x',
      number: 'SO-1',
      lines: [{ id: id(3), position: 1, item: 'a', quantity: 1 }],
    }
    expect(patchBody(all, order, record, { ...record, ref: undefined, code: 'y', number: 'z' })).toEqual({ ref: null })
    expect(patchBody(all, order, record, record)).toEqual({})
  })
})

describe('changed lines', () => {
  const before: readonly Line[] = [
    { id: id(1), position: 1, item: 'a', quantity: 1, parts: [{ id: id(4), position: 1, serial: 'p' }] },
    { id: id(2), position: 2, item: 'b', quantity: 2 },
    { id: id(3), position: 3, item: 'c', quantity: 3 },
  ]
  const [a, b, c] = before as [Line, Line, Line]
  it('nothing changed: nothing is sent', () => {
    expect(changeLines(all, line, before, before)).toBeNull()
  })
  it('one value, one removal, one addition at the end', () => {
    expect(changeLines(all, line, before, [a, { ...c, quantity: 9, amount: 'ignored' }, { id: 'new:1', item: 'd', quantity: 4 }])).toEqual({
      [id(2)]: null,
      [id(3)]: { quantity: 9 },
      'new:1': { item: 'd', quantity: 4, position: 4 },
    })
  })
  it('another order gives places to those that moved', () => {
    expect(changeLines(all, line, before, [b, a, c])).toEqual({ [id(2)]: { position: 1 }, [id(1)]: { position: 2 } })
  })
  it('lines of lines', () => {
    expect(
      changeLines(all, line, before, [
        {
          ...a,
          parts: [
            { id: id(4), position: 1, serial: 'q' },
            { id: 'new:2', serial: 'r' },
          ],
        },
        b,
        c,
      ]),
    ).toEqual({ [id(1)]: { parts: { [id(4)]: { serial: 'q' }, 'new:2': { serial: 'r', position: 2 } } } })
  })
})
