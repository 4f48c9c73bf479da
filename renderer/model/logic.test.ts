import { beforeAll, describe, expect, it } from 'vitest'
import { compileCatalogue } from '../../engine/catalogue/compile.ts'
import { catalogueHash, fromStored, loadModules } from '../../engine/catalogue/load.ts'
import { catalogueView } from '../../engine/http/catalogue-view.ts'
import type { Actor } from '../../engine/records/types.ts'
import { worksFiles } from '../../engine/testing/works.ts'
import type { CatalogueView } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import { catalogue as sketched } from '../testing/metadata.ts'
import { formLogic, type FormSituation } from './logic.ts'

/** A form decides as the server does (engine/records/rules.db.test.ts): the same module, the same values, the same messages. */
let view: CatalogueView
beforeAll(async () => {
  const sources = [...(await loadModules('modules-json')), fromStored('works', { files: worksFiles })]
  const compiled = compileCatalogue(sources, catalogueHash(sources))
  const { tenant, me } = sketched()
  const actor: Pick<Actor, 'roles'> = { roles: ['core.admin'] }
  const plain: unknown = JSON.parse(
    JSON.stringify(catalogueView(compiled, actor as Actor, { tenant: { ...tenant, timeZone: 'Europe/Berlin' }, me })),
  )
  view = plain as CatalogueView
})

const bolt = { id: '0198c0de-0000-7000-8000-000000000001', name: 'Bolt', price: '2.5000', weight: '0.125' }
const nut = { id: '0198c0de-0000-7000-8000-000000000002', name: 'Nut', price: '0.3333', weight: '0.020' }
const gift = { id: '0198c0de-0000-7000-8000-000000000003', name: 'Gift', price: '0.0000', weight: null }
const vienna = { id: '0198c0de-0000-7000-8000-000000000004', name: 'Vienna works', country: 'Austria' }
const anna = { id: '0198c0de-0000-7000-8000-000000000005', name: 'Anna', company: vienna.id }
const records = new Map<string, RecordData>([bolt, nut, gift, vienna, anna].map((each) => [each.id, each]))

const order = (data: Record<string, unknown>, given: Partial<FormSituation> = {}) =>
  formLogic(
    {
      catalogue: view,
      entity: view.entities['works.order']!,
      record: null,
      now: new Date('2026-03-01T23:30:00Z'),
      read: (_entity, id) => records.get(id) ?? null,
      ...given,
    },
    data,
  )
const told = (messages: readonly { readonly path: readonly string[]; readonly detail: string }[]) =>
  messages.map(({ path, detail }) => `/${path.join('/')} ${detail}`)
const line = (id: string, values: object) => ({ id: `new:${id}`, quantity: 1, ...values })

describe('derived values of a form', () => {
  it('follow what is typed: copies, amounts, totals and what is made of totals', () => {
    const { document, lines, reads } = order({
      name: 'A',
      customer: vienna.id,
      discount: '10',
      status: 'open',
      lines: [
        line('1', { article: bolt.id, quantity: 3 }),
        line('2', { article: nut.id, quantity: 10 }),
        line('3', { article: bolt.id, quantity: 2, price: '2' }),
      ],
    })
    expect(Object.values(lines).map(({ values }) => [values['price'], values['amount'], values['share'], values['sum']])).toEqual([
      ['2.5000', '7.50', '50.57', '7.50'],
      ['0.3333', '3.33', '22.45', '10.83'],
      [undefined, '4.00', '26.97', '14.83'],
    ])
    expect(document.values).toMatchObject({ total: '14.83', net: '13.35', kilos: '0.825', size: 'small', country: 'Austria' })
    expect(new Set(reads.map(({ id }) => id))).toEqual(new Set([vienna.id, bolt.id, nut.id]))
  })
  it('have the date of the tenant, not of the browser', () => {
    expect(order({ name: 'E' }).document.values).toMatchObject({ due: '2026-03-16', overdue: false, size: 'none' })
  })
  it('of a default give way to what is typed, and to what was emptied', () => {
    expect(order({ contact: anna.id }).document.values['greeting']).toBe('Dear Anna')
    expect(order({ contact: anna.id, greeting: 'Hi' }).document.values).not.toHaveProperty('greeting')
    expect(order({ contact: anna.id, greeting: null }).document.values).not.toHaveProperty('greeting')
  })
  it('wait for records that are not read yet, and with them what hangs on them, but nothing else', () => {
    const waiting = order(
      { name: 'A', customer: vienna.id, lines: [line('1', { article: bolt.id })] },
      { read: (_, id) => (id === bolt.id ? undefined : vienna) },
    )
    expect(waiting.waits).toBe(true)
    expect(waiting.document.pending).toEqual(['total', 'net', 'bought', 'kilos', 'size'])
    expect(waiting.document.values).toMatchObject({ country: 'Austria' })
    expect(waiting.lines['new:1']).toMatchObject({ pending: ['price', 'amount', 'share', 'sum'] })
  })
  it('that read what this person may not see are left to the server', () => {
    const { document, waits, question } = order({ customer: vienna.id }, { read: () => null })
    expect([document.pending, waits, question !== null]).toEqual([['country', 'bought'], false, true])
  })
})

describe('a stored order', () => {
  const stored = {
    id: '0198c0de-0000-7000-8000-0000000000aa',
    version: 3,
    revision: 4,
    name: 'A',
    status: 'closed',
    customer: null,
    contact: null,
    country: null,
    greeting: null,
    due: '2026-01-01',
    overdue: false,
    discount: '1.00',
    reason: 'x',
    total: '7.50',
    net: '7.43',
    kilos: '0.375',
    size: 'small',
    lines: [
      {
        id: '0198c0de-0000-7000-8000-0000000000bb',
        position: 1,
        article: bolt.id,
        quantity: 3,
        price: '2.0000',
        amount: '7.50',
        share: '100.00',
        sum: '7.50',
        gift: null,
        note: null,
      },
    ],
  }
  it('says nothing of what nobody touched', () => {
    const { faults, warnings, document } = order(stored, { record: stored })
    expect([faults, warnings]).toEqual([[], []])
    expect(document.values).toMatchObject({ total: '7.50', net: '7.43' })
    expect(document.locked).toEqual({ reason: ['status'] })
  })
  it('takes what was emptied for empty, whatever is stored', () => {
    const [bolts] = stored.lines
    const lines = [{ ...bolts!, price: '2.5000' }]
    const filled = { ...stored, customer: vienna.id, country: 'Austria', contact: anna.id, greeting: 'Hi', bought: 0, lines }
    const shown = (data: Record<string, unknown>, record: RecordData | null) => ({ ...data, ...order(data, { record }).document.values })
    for (const name of ['name', 'status', 'customer', 'contact', 'greeting', 'discount', 'reason']) {
      const emptied = { ...filled, [name]: null }
      expect([name, shown(emptied, filled)]).toEqual([name, shown(emptied, null)])
    }
    for (const name of ['quantity', 'price', 'note']) {
      const emptied = { ...filled, lines: [{ ...lines[0]!, [name]: null }] }
      expect([name, shown(emptied, filled)]).toEqual([name, shown(emptied, null)])
    }
    expect(order({ ...stored, discount: null }, { record: stored }).document.values).toMatchObject({ net: '7.50' })
  })
  it('takes a copy anew when the reference changes', () => {
    const lines = [{ ...stored.lines[0]!, article: nut.id }]
    const logic = order({ ...stored, lines }, { record: stored })
    expect(logic.lines[lines[0]!.id]!.values).toMatchObject({ price: '0.3333', amount: '1.00' })
    expect(logic.document.values).toMatchObject({ total: '1.00', net: '0.99' })
  })
  it('knows the past', () => {
    expect(told(order({ ...stored, status: 'open' }, { record: stored }).faults)).toEqual(['/status A closed order stays closed.'])
    expect(told(order({ ...stored, reason: 'y' }, { record: stored }).faults)).toEqual(['/reason Reason cannot be changed now.'])
  })
  it('of which a list shows only some fields is judged by those', () => {
    const shown = { id: stored.id, version: 3, name: 'A', status: 'closed' }
    expect(told(order({ ...shown, status: 'open' }, { record: shown }).faults)).toEqual(['/status A closed order stays closed.'])
    expect(told(order({ ...shown, status: 'sent' }, { record: { ...shown, status: 'open' } }).faults)).toEqual([])
  })
})

describe('rules', () => {
  it('are told where they stand, also in lines', () => {
    expect(told(order({ name: 'F', status: 'sent', discount: '60', lines: [] }).faults)).toEqual([
      '/reason Reason is required.',
      '/lines An order needs lines before it is sent.',
      '/discount At most half of the price.',
    ])
    expect(told(order({ lines: [line('1', { article: bolt.id, quantity: 0 }), line('2', { article: gift.id })] }).faults)).toEqual([
      '/lines/0/quantity How many?',
      '/lines/1/note Note is required.',
    ])
  })
  it('warn of what stops nothing', () => {
    const { faults, warnings } = order({ name: 'J', lines: [line('1', { article: bolt.id, quantity: 4000 })] })
    expect([faults, told(warnings)]).toEqual([[], ['/net That is a large order.']])
  })
  it('that ask for other records are the server’s, and are asked anew when what they read changes', () => {
    const asked = (data: object) => order({ name: 'I', status: 'open', ...data }).question
    expect(order({ name: 'I' }).question).toBeNull()
    expect(asked({ customer: vienna.id })).not.toBeNull()
    expect(asked({ customer: vienna.id, name: 'II' })).toBe(asked({ customer: vienna.id }))
    expect(asked({ customer: anna.id })).not.toBe(asked({ customer: vienna.id }))
  })
  it('of what may be chosen', () => {
    expect(told(order({ contact: anna.id, customer: vienna.id }).faults)).toEqual([])
    expect(told(order({ contact: anna.id, customer: bolt.id }).faults)).toEqual(['/contact Contact: this one cannot be chosen here.'])
  })
})

describe('conditions', () => {
  it('show, demand and hide as one types', () => {
    expect(order({ discount: '0' }).document).toMatchObject({ hidden: ['reason'], required: [] })
    expect(order({ discount: '5' }).document).toMatchObject({ hidden: [], required: [] })
    expect(order({ discount: '12' }).document).toMatchObject({ hidden: [], required: ['reason'] })
  })
  it('also in lines, by values that are copied', () => {
    const { lines } = order({ lines: [line('1', { article: bolt.id }), line('2', { article: gift.id })] })
    expect([lines['new:1'], lines['new:2']]).toMatchObject([
      { hidden: ['gift'], required: [] },
      { hidden: [], required: ['note'] },
    ])
  })
  it('by what has no value yet decide nothing', () => {
    expect(order({ discount: 'ten' }).document).toMatchObject({ hidden: ['reason'], required: [] })
  })
})
