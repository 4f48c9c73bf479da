import { choices, made, sealed, secrets } from './canary.ts'

/** Something the attacker may not read: where it is asked about, and how it is written there. */
export interface Target {
  /** Below hoard/. */
  readonly list: string
  /** In parameters. */
  readonly path: string
  /** In expressions. */
  readonly term: string
  readonly kind: 'number' | 'text' | 'date' | 'dateTime' | 'time' | 'duration' | 'boolean' | 'option' | 'record' | 'other'
}

const kinds: Readonly<Record<string, Target['kind']>> = {
  secret_number: 'number',
  secret_small: 'number',
  secret_word: 'text',
  secret_story: 'text',
  secret_day: 'date',
  secret_moment: 'dateTime',
  secret_clock: 'time',
  secret_span: 'duration',
  secret_choice: 'option',
  secret_flag: 'boolean',
  secret_group: 'record',
  made_word: 'text',
  made_rich: 'boolean',
  made_twin: 'text',
  seal: 'text',
  weight: 'number',
  sealed_on: 'date',
  kind: 'option',
  addressee: 'record',
}
const target = (list: string, path: string, kind: Target['kind'], term = `self.${path}`): Target => ({ list, path, term, kind })

export const targets: readonly Target[] = [
  ...secrets.map((name) => target('chests', name, kinds[name] ?? 'other')),
  ...secrets
    .slice(0, 5)
    .flatMap((name) => [
      target('chests', `twin.${name}`, kinds[name] ?? 'other'),
      target('letters', `chest.${name}`, kinds[name] ?? 'other'),
      target('coins', `parent.${name}`, kinds[name] ?? 'other'),
      target('parcels', `tags_of.${name}`, kinds[name] ?? 'other'),
    ]),
  target('chests', 'secret_price.amount', 'number'),
  target('chests', 'secret_place.city', 'text'),
  target('chests', 'secret_group.name', 'text'),
  target('chests', 'coins.secret_cost', 'number', 'sum(self.coins, x, x.secret_cost)'),
  target('chests', 'vaults.number', 'number', 'max(self.vaults, x, x.number)'),
  target('chests', 'crates.amount', 'number', 'max(self.crates, x, x.amount)'),
  target('chests', 'parcels.weight', 'number', 'sum(self.parcels, x, x.weight)'),
  target('chests', 'parcels.label', 'text', 'max(self.parcels, x, x.label)'),
  target('chests', 'letters.seal', 'text', 'min(self.letters, x, x.seal)'),
  target('chests', 'letters.weight', 'number', 'avg(self.letters, x, x.weight)'),
  target('coins', 'secret_cost', 'number'),
  target('coins', 'secret_mark', 'text'),
  target('groups', 'secret_budget', 'number'),
  target('groups', 'secret_chests', 'other', 'count(self.secret_chests)'),
  target('groups', 'letters.weight', 'number', 'sum(self.letters, x, x.weight)'),
  target('groups', 'chests.secret_number', 'number', 'sum(self.chests, x, x.secret_number)'),
  ...sealed.map((name) => target('letters', name, kinds[name] ?? 'other')),
  ...sealed.slice(0, 3).map((name) => target('pages', `parent.${name}`, kinds[name] ?? 'other')),
  target('letters', 'addressee.name', 'text'),
  target('letters', 'parcel.label', 'text'),
  target('letters', 'parcel.weight', 'number'),
  target('letters', 'parcel.sent', 'date'),
  target('letters', 'pages.secret_line', 'text', 'max(self.pages, x, x.secret_line)'),
  target('pages', 'secret_line', 'text'),
  target('parcels', 'label', 'text'),
  target('parcels', 'weight', 'number'),
  target('parcels', 'sent', 'date'),
  target('crates', 'amount', 'number'),
  target('crates', 'label', 'text'),
  target('crates', 'lock', 'number'),
  ...made.map((name) => target('chests', name, kinds[name] ?? 'number')),
  target('coins', 'made_cost', 'number'),
  target('coins', 'made_parent', 'text'),
  ...['made_chests', 'made_scrolls'].flatMap((name) => [target('groups', name, 'number'), target('chests', `heap.${name}`, 'number')]),
  target('letters', 'made_weight', 'number'),
  target('letters', 'made_label', 'text'),
  target('pages', 'made_line', 'text'),
  target('scrolls', 'ink', 'text'),
  target('scrolls', 'amount', 'number'),
  target('scrolls', 'day', 'date'),
  target('scrolls', 'level', 'number'),
  target('scrolls', 'made_amount', 'number'),
  target('scrolls', 'made_ink', 'text'),
  target('scrolls', 'made_again', 'number'),
  target('scrolls', 'before.amount', 'number'),
  target('scrolls', 'after.amount', 'number', 'max(self.after, x, x.amount)'),
  target('scrolls', 'sheets.words', 'text', 'max(self.sheets, x, x.words)'),
  target('sheets', 'words', 'text'),
  target('sheets', 'made_words', 'text'),
  target('sheets', 'parent.ink', 'text'),
  target('sheets', 'parent.made_amount', 'number'),
  target('groups', 'scrolls.ink', 'text', 'max(self.scrolls, x, x.ink)'),
  target('vaults', 'number', 'number'),
  target('vaults', 'word', 'text'),
]

/** What leads on from each, as far as the attacker may guess. */
export const relations: Readonly<Record<string, readonly string[]>> = {
  chests: ['twin,twins', 'heap', 'coins', 'letters', 'parcels', 'crates', 'vaults', 'secret_group', 'twins.letters', 'letters.parcel'],
  letters: ['parcel', 'chest', 'pages', 'addressee', 'parcel.letters', 'chest.vaults', 'owner'],
  groups: ['chests', 'secret_chests', 'letters', 'more_secret_chests', 'chests.twin'],
  scrolls: ['before', 'after', 'sheets', 'heap', 'before.after'],
  parcels: ['within', 'parts', 'tags_of', 'letters', 'tags_of.letters'],
  crates: ['chest', 'crate_vaults', 'chest.crates'],
  vaults: ['about', 'crate'],
}

export const read = Object.keys(relations)

const top = 2n ** 64n
/** A condition on a term that turns where the number given is passed. */
type Threshold = (term: string, at: bigint) => string
const seconds = (at: bigint): number => Number((at * 500_000_000n) / top)
const moment = (at: bigint): string => new Date(946_684_800_000 + seconds(at) * 1000).toISOString()
export const word = (at: bigint): string =>
  Array.from({ length: 6 }, (_, i) => String.fromCharCode(97 + Number(((at / 26n ** BigInt(12 - i)) % 26n) + 0n))).join('')

export const thresholds: Readonly<Record<Target['kind'], readonly Threshold[]>> = {
  number: [
    (term, at) => `${term} < ${at}`,
    (term, at) => `${term} * 2 >= ${at}`,
    (term, at) => `coalesce(${term}, 0) > ${at}`,
    (term, at) => `(${term} > ${at} ? 1 / 0 : 1) == 1`,
    (term, at) => `greatest(${term}, ${at}) == ${at}`,
    (term, at) => `power(${term} - ${at}, 50) > 0`,
    (term, at) => `text(${term}) < '${at}'`,
    (term, at) => `format(${term}, '0') > '${at}'`,
    (term, at) => `addDays(date(2026, 1, 1), ${term} - ${at}) != null`,
    (term, at) => `true || ${term} < ${at}`,
    (term, at) => `floor(${term} / ${at < 2n ? 2n : at}) % 2 == 1`,
  ],
  text: [
    (term, at) => `${term} < '${word(at)}'`,
    (term, at) => `lower(${term}) >= '${word(at)}'`,
    (term, at) => `coalesce(${term}, '') + 'x' > '${word(at)}'`,
    (term, at) => `length(${term}) > ${at % 40n}`,
    (term, at) => `number(${term}) > ${at}`,
    (term, at) => `least(${term}, '${word(at)}') == '${word(at)}'`,
  ],
  date: [
    (term, at) => `${term} < '${moment(at).slice(0, 10)}'`,
    (term, at) => `${term} + 10 >= date('${moment(at).slice(0, 10)}')`,
    (term, at) => `year(${term}) > ${2000n + (at * 20n) / top}`,
    (term, at) => `daysBetween(date(2000, 1, 1), ${term}) < ${(at * 7000n) / top}`,
  ],
  dateTime: [(term, at) => `${term} < '${moment(at)}'`, (term, at) => `date(${term}) > '${moment(at).slice(0, 10)}'`],
  time: [(term, at) => `${term} < '${moment(at).slice(11, 19)}'`, (term, at) => `hour(${term}) > ${(at * 24n) / top}`],
  duration: [(term, at) => `totalHours(${term}) > ${(at * 30n) / top}`],
  boolean: [(term, at) => (at % 2n === 0n ? term : `!${term}`), (term) => `${term} == true`],
  option: [(term, at) => `${term} == '${choices[Number(at % 4n)]}'`, (term, at) => `${term} in ['${choices[Number(at % 4n)]}', 'east']`],
  record: [(term, at) => `${term} == '~${at % 40n}~'`, (term, at) => `${term}.name == 'group ${at % 4n}'`],
  other: [(term, at) => `${term} > ${at}`, (term) => `${term} != null`],
}
