import { openWorldWith, textsOf } from './dropped-in.ts'
import type { World } from './world.ts'

/** A module of documents whose amounts have the currency of something else, and whose numbers are counted apart. */
const files: Readonly<Record<string, object>> = {
  'module.json': {
    title: 'Trade',
    icon: 'flask',
    roles: [
      { id: 'trade.clerk', title: 'Clerk' },
      { id: 'trade.guest', title: 'Guest' },
    ],
    menu: [],
  },
  'entities/account.json': {
    title: 'Account',
    type: 'object',
    required: ['name'],
    properties: {
      name: { type: 'string', title: 'Name', maxLength: 80 },
      currency: { type: 'string', title: 'Currency', maxLength: 3 },
      ceiling: { title: 'Ceiling', 'x-bos': { type: 'money', currency: 'self.currency' } },
      turnover: { title: 'Turnover', 'x-bos': { type: 'money', currency: 'self.currency', compute: 'sum(self.bills, b, b.total.amount)' } },
    },
    'x-bos': {
      plural: 'accounts',
      titleField: 'name',
      permissions: {
        'trade.clerk': { scope: 'all', read: true, create: true, update: true, delete: true },
        'trade.guest': { scope: 'all', read: true, hide: ['currency'] },
      },
    },
  },
  'views/euro.json': { entity: 'trade.account', kind: 'list', title: 'In euros', filter: "self.currency == 'EUR'" },
  'views/mine.json': { entity: 'trade.account', kind: 'list', title: 'Mine', filter: 'self.created_by == user' },
  'entities/bill.json': {
    title: 'Bill',
    type: 'object',
    properties: {
      account: { title: 'Account', 'x-bos': { type: 'reference', entity: 'trade.account', inverse: 'bills' } },
      day: { type: 'string', format: 'date', title: 'Day' },
      fee: { title: 'Fee', 'x-bos': { type: 'money', currency: 'self.account.currency' } },
      extra: { title: 'Extra', 'x-bos': { type: 'money', currency: "self.account == null ? 'USD' : self.account.currency" } },
      lines: { title: 'Lines', 'x-bos': { type: 'lines', entity: 'trade.bill_line' } },
      goods: {
        title: 'Goods',
        'x-bos': { type: 'money', currency: 'self.account.currency', rollup: { over: 'lines', measure: 'sum', value: 'self.amount' } },
      },
      total: {
        title: 'Total',
        'x-bos': {
          type: 'money',
          currency: 'self.account.currency',
          compute: 'coalesce(self.fee, money(0, self.account.currency)) + self.goods',
        },
      },
    },
    'x-bos': {
      plural: 'bills',
      permissions: {
        'trade.clerk': { scope: 'all', read: true, create: true, update: true, delete: true },
        'trade.guest': { scope: 'all', read: true, create: true, update: true },
      },
    },
  },
  'entities/ticket.json': {
    title: 'Ticket',
    type: 'object',
    properties: {
      number: {
        title: 'Number',
        'x-bos': {
          type: 'sequence',
          pattern: '{self.account.name}-{year(self.day)}/{n:3}',
          scope: ['self.account', 'year(self.day)'],
          gapless: true,
        },
      },
      running: { title: 'Running', 'x-bos': { type: 'sequence', pattern: 'T{n:4}' } },
      account: { title: 'Account', 'x-bos': { type: 'reference', entity: 'trade.account' } },
      day: { type: 'string', format: 'date', title: 'Day' },
      note: { type: 'string', title: 'Note', maxLength: 40 },
      label: { title: 'Label', 'x-bos': { type: 'text', compute: "self.number + ' ' + self.note" } },
      state: {
        title: 'State',
        enum: ['draft', 'issued', 'void'],
        default: 'draft',
        'x-bos': {
          lifecycle: {
            states: { issued: { frozen: true, required: ['issue'] } },
            transitions: {
              issue: {
                from: ['draft'],
                to: 'issued',
                guard: "self.note != 'never'",
                set: { stamp: "'issued'" },
                effects: [{ create: { entity: 'trade.receipt', set: { ticket: 'self', account: 'self.account' } } }],
              },
              cancel: { from: ['issued'], to: 'void' },
              reopen: { from: ['void'], to: 'draft' },
            },
          },
        },
      },
      stamp: { title: 'Stamp', 'x-bos': { type: 'text', default: "'new ' + self.note" } },
      issue: { title: 'Issue', 'x-bos': { type: 'sequence', pattern: 'I{n}', scope: ['self.account'], assign: 'issue' } },
    },
    'x-bos': {
      plural: 'tickets',
      titleField: 'label',
      permissions: {},
      rules: [{ id: 'short', assert: "self.label == null || !endsWith(self.label, 'bad')", message: 'Not that label.', at: 'label' }],
    },
  },
  'entities/receipt.json': {
    title: 'Receipt',
    type: 'object',
    properties: {
      number: { title: 'Number', 'x-bos': { type: 'sequence', pattern: 'R{n}', scope: ['self.account'] } },
      all: { title: 'All', 'x-bos': { type: 'sequence', pattern: 'A{n}' } },
      ticket: { title: 'Ticket', 'x-bos': { type: 'reference', entity: 'trade.ticket' } },
      account: { title: 'Account', 'x-bos': { type: 'reference', entity: 'trade.account' } },
    },
    'x-bos': { plural: 'receipts', titleField: 'number', permissions: {} },
  },
  'entities/bill_line.json': {
    title: 'Bill line',
    type: 'object',
    properties: {
      quantity: { type: 'integer', title: 'Quantity', default: 1 },
      price: { title: 'Price', 'x-bos': { type: 'money', currency: 'parent.account.currency' } },
      amount: { title: 'Amount', 'x-bos': { type: 'money', currency: 'parent.account.currency', compute: 'self.quantity * self.price' } },
    },
    'x-bos': { kind: 'line', plural: 'bill_lines' },
  },
}

/** The files of the module as texts, by path below its folder. */
const tradeFiles = textsOf('trade', files)

/** A world with the module `trade` enabled in both tenants. */
export const openTrade = (): Promise<World> => openWorldWith('trade', tradeFiles)
