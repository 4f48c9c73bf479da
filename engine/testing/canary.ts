import type { ModuleFiles } from './dropped-in.ts'
import { reference, text, typed } from './properties.ts'

/** A module full of secrets: values of every type that a role may not read, in every place where the engine works with them. */

/** A number of 64 bits, and what it is as a value of each type: all of it in one record says no more than the number. */
export interface Canary {
  readonly number: bigint
  readonly small: number
  readonly word: string
  readonly day: string
  readonly moment: string
  readonly clock: string
  readonly seconds: number
  readonly choice: string
  readonly flag: boolean
  readonly amount: string
}

export const choices = ['north', 'east', 'south', 'west'] as const
const pad = (value: bigint | number, digits: number): string => String(value).padStart(digits, '0')

/** `n`: each record has another one, so that their order is a secret too. */
export function canary(secret: bigint, n: number): Canary {
  // An odd factor keeps all 64 bits; a top bit that is set keeps all digits.
  const number = (BigInt.asUintN(63, secret * (2n * BigInt(n) + 1n)) | (1n << 62n)) ^ (BigInt(n) << 3n)
  const letters = Array.from({ length: 13 }, (_, i) => String.fromCharCode(97 + Number((number / 26n ** BigInt(i)) % 26n)))
  return {
    number,
    small: Number(number >> 11n),
    word: letters.join(''),
    day: `20${pad(number % 16n, 2)}-${pad((number % 12n) + 1n, 2)}-${pad((number % 28n) + 1n, 2)}`,
    moment: `20${pad((number >> 4n) % 16n, 2)}-03-${pad(((number >> 8n) % 28n) + 1n, 2)}T${pad(number % 24n, 2)}:${pad(number % 60n, 2)}:17.${pad(number % 1000n, 3)}Z`,
    clock: `${pad(number % 24n, 2)}:${pad(number % 59n, 2)}:${pad(number % 53n, 2)}`,
    seconds: Number(number % 100_000n) + 1,
    choice: choices[Number((number >> 5n) % 4n)]!,
    flag: (number >> 7n) % 2n === 1n,
    amount: `${number / 100_000_000n}.${pad(number % 100n, 2)}`,
  }
}

/** Texts that must stand in no answer: whoever has one of them has the secret, or the best part of it. */
export const traces = ({ number, small, word, amount }: Canary): readonly string[] => [
  String(number),
  String(number * 2n),
  number.toString(16),
  String(small),
  String(small * 2),
  word,
  amount,
]

const loose = (title: string, entity: string, more: object = {}) => reference(title, entity, { onDelete: 'setNull', ...more })
const number = (title: string, more: object = {}) => typed('decimal', title, { precision: 22, scale: 0, ...more })
const enumOf = (title: string, more: object = {}) => ({ title, enum: choices, 'x-bos': more })

/** Of a chest, by name. */
export const secrets = [
  'secret_number',
  'secret_small',
  'secret_word',
  'secret_story',
  'secret_day',
  'secret_moment',
  'secret_clock',
  'secret_span',
  'secret_choice',
  'secret_flag',
  'secret_marks',
  'secret_price',
  'secret_group',
  'secret_groups',
  'secret_place',
  'secret_extra',
] as const
/** What the engine makes of them. */
export const made = [
  'made_twice',
  'made_again',
  'made_sum',
  'made_word',
  'made_rich',
  'made_age',
  'made_twin',
  'made_copy',
  'made_vaults',
  'made_letters',
] as const
/** Of a letter: shown in the thief's own ones only. */
export const sealed = ['seal', 'weight', 'sealed_on', 'kind', 'addressee'] as const

const drafted = (entity: string, set: object, lines: object) => ({ produce: { entity: `hoard.${entity}`, set, lines } })

const taken = {
  allocate: {
    amount: 'self.secret_small',
    from: 'self.vaults',
    order: ['self.word'],
    available: 'self.number',
    entity: 'hoard.vault',
    set: { word: "'taken'", number: '0 - params.amount' },
  },
}
const tooLong = `self.secret_mark + '${'x'.repeat(90)}'`

const all = { read: true, create: true, update: true, delete: true, restore: true, export: true, import: true, share: true }

const chest = {
  title: 'Chest',
  required: ['name'],
  properties: {
    name: text('Name', { index: true }),
    code: text('Code'),
    note: text('Note'),
    warned: text('Warned', { requiredWhen: 'self.secret_small < 0', visibleWhen: 'self.secret_number >= 0' }),
    fixed: text('Fixed', { readOnlyWhen: 'self.secret_number < 0' }),
    stamp: text('Stamp', { default: "self.secret_word == null ? 'none' : 'some'" }),
    twin: loose('Twin', 'hoard.chest', { inverse: 'twins', where: 'target.secret_number == null || target.secret_number >= 0' }),
    heap: loose('Group', 'hoard.group', { inverse: 'chests' }),
    coins: typed('lines', 'Coins', { entity: 'hoard.coin' }),
    state: {
      title: 'State',
      enum: ['open', 'shut', 'spilt'],
      'x-bos': {
        lifecycle: {
          transitions: {
            shut: { from: ['open'], to: 'shut', guard: 'self.secret_number == null || self.secret_number > 0' },
            bar: { from: ['open'], to: 'shut', guard: 'self.secret_number < 0', message: 'It cannot be barred.' },
            reopen: { to: 'open' },
            spill: {
              from: ['shut'],
              to: 'spilt',
              effects: [
                { create: { entity: 'hoard.vault', set: { word: 'self.secret_word', number: 'self.secret_number', about: 'self' } } },
                { create: { each: 'self.coins', entity: 'hoard.vault', set: { word: 'self.secret_mark', about: 'parent' } } },
              ],
            },
            // What comes of it stands nowhere yet, and in several shapes.
            draft: {
              to: 'open',
              effects: [
                drafted(
                  'chest',
                  { name: 'self.name', note: 'self.secret_word', secret_small: 'self.secret_small', code: 'self.code' },
                  {
                    each: 'filter(self.coins, c, c.secret_cost > 5)',
                    into: 'coins',
                    remaining: 'self.quantity',
                    set: { label: 'self.secret_mark', quantity: 'self.quantity' },
                  },
                ),
                drafted(
                  'chest',
                  {},
                  { each: 'self.coins', into: 'coins', remaining: 'self.secret_cost - 5', set: { label: 'self.label' } },
                ),
                drafted(
                  'letter',
                  { label: "'For ' + self.name", seal: 'self.secret_word', chest: 'self' },
                  { each: 'list(self.coins, c, c.secret_cost)', into: 'pages', set: { secret_line: 'text(params.each)' } },
                ),
              ],
            },
            take: { to: 'open', effects: [taken] },
            // Always refused, for what is made is longer than it may be.
            burst: { to: 'open', effects: [{ create: { each: 'self.coins', entity: 'hoard.vault', set: { word: tooLong } } }] },
          },
        },
      },
    },
    secret_number: typed('decimal', 'Number', { precision: 20, scale: 0, index: true }),
    secret_small: { type: 'integer', title: 'Small', 'x-bos': { index: true } },
    secret_word: text('Word', { index: true }),
    secret_story: typed('longText', 'Story'),
    secret_day: { type: 'string', format: 'date', title: 'Day', 'x-bos': { index: true } },
    secret_moment: { type: 'string', format: 'date-time', title: 'Moment' },
    secret_clock: typed('time', 'Clock'),
    secret_span: typed('duration', 'Span'),
    secret_choice: enumOf('Choice', { index: true }),
    secret_flag: { type: 'boolean', title: 'Flag' },
    secret_marks: { title: 'Marks', type: 'array', items: { enum: choices }, 'x-bos': { type: 'multiSelect' } },
    secret_price: typed('money', 'Price', { index: true }),
    secret_group: loose('Other group', 'hoard.group', { inverse: 'secret_chests' }),
    secret_groups: typed('references', 'Groups', { entity: 'hoard.group', inverse: 'more_secret_chests' }),
    secret_place: typed('address', 'Place'),
    secret_extra: typed('json', 'Extra'),
    made_twice: number('Twice', { compute: 'self.secret_small * 2', index: true }),
    made_again: number('Again', { compute: 'self.made_twice + 1' }),
    made_sum: number('Sum', { rollup: { over: 'coins', measure: 'sum', value: 'self.secret_cost' } }),
    made_word: typed('text', 'Made word', { compute: "self.secret_word + '!'" }),
    made_rich: typed('boolean', 'Rich', { compute: 'self.secret_number > 6917529027641081856' }),
    made_age: { title: 'Age', 'x-bos': { type: 'integer', compute: 'daysBetween(self.secret_day, today)' } },
    made_twin: typed('text', 'Of the twin', { lookup: 'self.twin.secret_word' }),
    made_copy: number('Copied', { copy: { from: 'self.twin.secret_number', overridable: true } }),
    // A sum changes with each of its parts, whatever they are; of a greatest value, that it changed would tell something.
    made_letters: number('Of letters', { compute: 'sum(self.letters, l, l.weight)' }),
    made_vaults: number('In vaults', { compute: 'sum(self.vaults, v, v.number)' }),
  },
  'x-bos': {
    use: ['core.owned', 'core.shareable', 'core.commentable', 'core.taggable'],
    plural: 'chests',
    titleField: 'name',
    search: ['name', 'note', 'secret_word', 'secret_story'],
    unique: [
      { id: 'code', fields: ['code'] },
      { id: 'secret', fields: ['secret_word'] },
      { id: 'both', fields: ['code', 'secret_small'] },
    ],
    rules: [
      {
        id: 'positive',
        assert: 'self.secret_number == null || self.secret_number > 0',
        message: 'It is not positive.',
        at: 'secret_number',
      },
      {
        id: 'told',
        assert: 'self.note == null || self.secret_word == null || self.note != self.secret_word',
        message: 'That is not to be told.',
        at: 'note',
      },
      {
        id: 'warned',
        assert: "self.name != 'warn' || self.secret_small == null || self.secret_small < 0",
        message: 'Beware.',
        at: 'name',
        severity: 'warning',
      },
      { id: 'held', when: 'exists(self.vaults, v, v.number < 0)', assert: 'false', message: 'It is held.' },
    ],
    permissions: {
      'hoard.thief': {
        scope: 'all',
        ...all,
        transitions: Object.fromEntries(['shut', 'bar', 'reopen', 'spill', 'draft', 'take', 'burst'].map((each) => [each, true])),
        hide: [...secrets, 'coins.secret_cost', 'coins.secret_mark'],
      },
      'hoard.guard': { scope: 'all', ...all },
    },
  },
}

const entities: Readonly<Record<string, object>> = {
  chest,
  coin: {
    title: 'Coin',
    properties: {
      label: text('Label'),
      quantity: { type: 'integer', title: 'Quantity' },
      secret_cost: typed('decimal', 'Cost', { precision: 20, scale: 0, index: true }),
      secret_mark: text('Mark'),
      made_cost: number('Twice the cost', { compute: 'self.secret_cost * 2' }),
      made_parent: typed('text', 'Of the chest', { compute: "parent.secret_word + '!'" }),
    },
    'x-bos': { kind: 'line', plural: 'coins' },
  },
  group: {
    title: 'Group',
    required: ['name'],
    properties: {
      name: text('Name'),
      secret_budget: typed('decimal', 'Budget', { precision: 20, scale: 0 }),
      made_chests: number('Of chests', { compute: 'sum(self.chests, c, c.secret_number)' }),
      made_scrolls: number('Of scrolls', { rollup: { over: 'scrolls', measure: 'sum', value: 'self.amount' } }),
    },
    'x-bos': {
      plural: 'groups',
      titleField: 'name',
      permissions: {
        'hoard.thief': { scope: 'all', read: true, export: true, hide: ['secret_budget'] },
        'hoard.guard': { scope: 'all', ...all },
      },
    },
  },
  /** The thief reads all of them, and what is sealed in their own ones only. */
  letter: {
    title: 'Letter',
    properties: {
      seal: text('Seal', { index: true }),
      weight: typed('decimal', 'Weight', { precision: 20, scale: 0, index: true }),
      sealed_on: { type: 'string', format: 'date', title: 'Sealed on', 'x-bos': { index: true } },
      kind: enumOf('Kind', { index: true }),
      addressee: loose('Addressee', 'hoard.group', { inverse: 'letters' }),
      label: text('Label'),
      made_weight: number('Twice the weight', { compute: 'self.weight * 2' }),
      made_label: typed('text', 'Made label', { compute: "coalesce(self.seal, '') + '?'" }),
      parcel: loose('Parcel', 'hoard.parcel', { inverse: 'letters' }),
      chest: loose('Chest', 'hoard.chest', { inverse: 'letters' }),
      pages: typed('lines', 'Pages', { entity: 'hoard.page' }),
    },
    'x-bos': {
      use: ['core.owned'],
      plural: 'letters',
      titleField: 'seal',
      search: ['seal', 'label'],
      unique: [{ id: 'seal', fields: ['seal'] }],
      permissions: {
        // Whoever may give themselves a record owns it: what owners see is no secret to them.
        'hoard.thief': { scope: 'all', ...all, hide: [...sealed, 'pages.secret_line'], readOnly: ['owner'] },
        'hoard.writer': { scope: 'own', ...all },
        'hoard.guard': { scope: 'all', ...all },
      },
    },
  },
  page: {
    title: 'Page',
    properties: {
      number: { type: 'integer', title: 'Number' },
      secret_line: text('Line'),
      made_line: typed('text', 'Made line', { compute: 'self.secret_line + parent.seal' }),
    },
    'x-bos': { kind: 'line', plural: 'pages' },
  },
  /** Masked by what is in the record. */
  scroll: {
    title: 'Scroll',
    properties: {
      ink: text('Ink', { index: true }),
      amount: typed('decimal', 'Amount', { precision: 20, scale: 0, index: true }),
      day: { type: 'string', format: 'date', title: 'Day' },
      level: { type: 'integer', title: 'Level' },
      note: text('Note'),
      made_amount: number('Twice', { compute: 'self.amount * 2', index: true }),
      made_ink: typed('text', 'Made ink', { lookup: 'self.before.ink' }),
      made_again: number('Again', { compute: 'self.made_amount + 1' }),
      before: loose('Before', 'hoard.scroll', { inverse: 'after' }),
      heap: loose('Group', 'hoard.group', { inverse: 'scrolls' }),
      sheets: typed('lines', 'Sheets', { entity: 'hoard.sheet' }),
      copied_from: loose('Copied from', 'hoard.scroll', { inverse: 'copies', noCopy: true }),
      age: {
        title: 'Age',
        enum: ['new', 'old'],
        'x-bos': { lifecycle: { transitions: { renew: { from: ['new'], to: 'old', copy: 'amend', link: 'copied_from' } } } },
      },
    },
    'x-bos': {
      use: ['core.owned'],
      plural: 'scrolls',
      titleField: 'ink',
      search: ['ink', 'note'],
      unique: [{ id: 'ink', fields: ['ink'] }],
      rules: [{ id: 'some', assert: 'self.amount == null || self.amount >= 0', message: 'It is less than nothing.', at: 'amount' }],
      permissions: {
        'hoard.thief': {
          scope: 'all',
          ...all,
          hide: ['level'],
          readOnly: ['owner'],
          mask: {
            ink: { unless: 'self.owner == user' },
            amount: { unless: 'self.amount < 1000 && self.level < 5' },
            day: { unless: 'self.level < 5' },
            'sheets.words': { unless: 'self.owner == user || count(self.sheets) > 30' },
          },
        },
        'hoard.guard': { scope: 'all', ...all },
      },
    },
  },
  sheet: {
    title: 'Sheet',
    properties: {
      number: { type: 'integer', title: 'Number' },
      words: text('Words'),
      made_words: typed('text', 'Made words', { compute: "self.words + '!'" }),
    },
    'x-bos': { kind: 'line', plural: 'sheets' },
  },
  /** Of others', the thief knows nothing. */
  parcel: {
    title: 'Parcel',
    required: ['label'],
    properties: {
      label: text('Label', { index: true }),
      weight: typed('decimal', 'Weight', { precision: 20, scale: 0, index: true }),
      sent: { type: 'string', format: 'date', title: 'Sent' },
      within: loose('Within', 'hoard.parcel', { inverse: 'parts' }),
      tags_of: loose('Chest', 'hoard.chest', { inverse: 'parcels' }),
    },
    'x-bos': {
      use: ['core.owned'],
      plural: 'parcels',
      titleField: 'label',
      search: ['label'],
      unique: [{ id: 'label', fields: ['label'] }],
      permissions: { 'hoard.thief': { scope: 'own', ...all }, 'hoard.guard': { scope: 'all', ...all } },
    },
  },
  /** Only small ones that are not locked. */
  crate: {
    title: 'Crate',
    required: ['label'],
    properties: {
      label: text('Label'),
      amount: typed('decimal', 'Amount', { precision: 20, scale: 0, index: true }),
      lock: typed('decimal', 'Lock', { precision: 20, scale: 0 }),
      chest: loose('Chest', 'hoard.chest', { inverse: 'crates' }),
    },
    'x-bos': {
      plural: 'crates',
      titleField: 'label',
      search: ['label'],
      permissions: {
        'hoard.thief': {
          scope: 'all',
          ...all,
          read: 'self.amount < 1000 && (self.lock == null || self.lock > 5)',
          // Taking home is a grant of its own: true would be every row.
          export: 'self.amount < 1000',
          update: 'self.lock == null || self.lock > 7',
          hide: ['lock'],
        },
        'hoard.guard': { scope: 'all', ...all },
      },
    },
  },
  /** Nobody but the guard has heard of it. */
  vault: {
    title: 'Vault',
    properties: {
      word: text('Word'),
      number: typed('decimal', 'Number', { precision: 20, scale: 0 }),
      about: loose('About', 'hoard.chest', { inverse: 'vaults' }),
      crate: loose('Crate', 'hoard.crate', { inverse: 'crate_vaults' }),
    },
    'x-bos': { plural: 'vaults', titleField: 'word', permissions: { 'hoard.guard': { scope: 'all', ...all } } },
  },
}

const views: Readonly<Record<string, object>> = {
  chest_large: { entity: 'hoard.chest', kind: 'list', title: 'Large', columns: ['name'], filter: 'self.secret_number > 5000' },
  chest_open: { entity: 'hoard.chest', kind: 'list', title: 'Open', columns: ['name'], filter: "self.state == 'open'" },
}

/** The module's files, by path below its folder. */
export const hoard: ModuleFiles = {
  'module.json': { title: 'Hoard', roles: ['thief', 'writer', 'guard'].map((id) => ({ id: `hoard.${id}`, title: id })) },
  ...Object.fromEntries(Object.entries(entities).map(([name, each]) => [`entities/${name}.json`, { type: 'object', ...each }])),
  ...Object.fromEntries(Object.entries(views).map(([name, each]) => [`views/${name}.json`, each])),
}
