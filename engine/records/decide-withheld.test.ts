import { expect, test } from 'vitest'
import { Problem } from '../problems.ts'
import { sketchCatalogue } from '../testing/sketch.ts'
import { Members } from './change.ts'
import type { Change, LineChange, Stored, UpdateOperation } from './change.ts'
import { refuseWithheld } from './decide-withheld.ts'

const catalogue = sketchCatalogue({
  'shop.order': { fields: { cost: { type: 'integer' }, site: { type: 'address' } } },
  'shop.order_line': { kind: 'line', at: 'shop.order', fields: { price: { type: 'integer' }, label: { type: 'text' } } },
})
const line = catalogue.entities.get('shop.order_line')!
const sketched = catalogue.entities.get('shop.order')!
const lines = { ...sketched.fields[0]!, id: 'lines', name: 'lines', lines: { entity: line.id, linkField: null, through: null } }
const order = { ...sketched, fieldById: new Map([...sketched.fieldById, ['lines', lines]]) }
const stored: Stored = {
  id: 'o',
  version: 1,
  revision: 1,
  deleted: false,
  deletionId: null,
  system: {},
  values: new Map<string, unknown>([
    ['cost', 5],
    ['site', { city: 'Bonn', street: 'Gasse' }],
  ]),
  lines: new Map([['lines', [{ id: 'l', position: 1, values: new Map([['price', 7]]), lines: new Map() }]]]),
}
const change = (set: Record<string, unknown> = {}, more: Partial<Change> = {}): Change => ({
  set: new Map(Object.entries(set)),
  lines: new Map(),
  echo: new Map(),
  ...more,
})
const lineChange = (id: string, set: Record<string, unknown>): LineChange => ({
  id,
  isNew: id !== 'l',
  change: change(set),
  pointer: `/lines/${id}`,
})
const inLines = (...each: LineChange[]): Change => change({}, { lines: new Map([['lines', { mode: 'merge', lines: each }]]) })

function faultsOf(asked: Change, without: { masked?: string[]; fixed?: string[] }, before: Stored | null = stored): string[] {
  const operation: UpdateOperation = {
    op: 'update',
    entity: order,
    id: 'o',
    ifMatch: null,
    key: null,
    transition: null,
    pointer: '',
    change: asked,
  }
  try {
    refuseWithheld(catalogue, operation, before, { masked: new Set(without.masked), fixed: new Set(without.fixed) })
    return []
  } catch (error) {
    if (error instanceof Problem) return error.faults.map((fault) => fault.pointer)
    throw error
  }
}

test.each<[name: string, asked: Change, without: { masked?: string[]; fixed?: string[] }, faults: string[]]>([
  ['another field', change({ cost: 6 }), { masked: ['site'], fixed: ['site'] }, []],
  ['a masked value, whatever it is', change({ cost: 5 }), { masked: ['cost'] }, ['/cost']],
  ['a masked value that only the engine sets, sent along', change({}, { echo: new Map([['cost', 5]]) }), { masked: ['cost'] }, ['/cost']],
  ['a masked composite, of which a part is sent', change({ site: new Members({ city: 'Bonn' }) }), { masked: ['site'] }, ['/site']],
  ['a fixed value that changes', change({ cost: 6 }), { fixed: ['cost'] }, ['/cost']],
  ['a fixed value as it is', change({ cost: 5 }), { fixed: ['cost'] }, []],
  ['a part of a fixed composite as it is', change({ site: new Members({ city: 'Bonn' }) }), { fixed: ['site'] }, []],
  ['a part of a fixed composite that changes', change({ site: new Members({ city: 'Ulm' }) }), { fixed: ['site'] }, ['/site']],
  [
    'masked lines, even to remove one',
    inLines({ id: 'l', isNew: false, change: null, pointer: '/lines/l' }),
    { masked: ['lines'] },
    ['/lines'],
  ],
  [
    'a masked column, in a line that is there and in a new one',
    inLines(lineChange('l', { price: 7 }), lineChange('n', { price: 1 })),
    { masked: ['lines.price'] },
    ['/lines/l/price', '/lines/n/price'],
  ],
  ['another column', inLines(lineChange('l', { label: 'x' })), { masked: ['lines.price'] }, []],
  [
    'a fixed column: as it is in one line, not in another',
    inLines(lineChange('l', { price: 7 }), lineChange('n', { price: 7 })),
    { fixed: ['lines.price'] },
    ['/lines/n/price'],
  ],
  ['fixed lines', inLines(lineChange('l', { label: 'x' })), { fixed: ['lines'] }, ['/lines']],
])('%s', (_, asked, without, faults) => {
  expect(faultsOf(asked, without)).toEqual(faults)
})

test('a new record has nothing that it could be sent back as', () => {
  expect(faultsOf(change({ cost: 5 }), { fixed: ['cost'] }, null)).toEqual(['/cost'])
  expect(faultsOf(change({ cost: null }), { fixed: ['cost'] }, null)).toEqual([])
})
