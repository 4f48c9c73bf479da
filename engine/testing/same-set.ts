import type { Random } from './random.ts'
import { text } from './properties.ts'
/** A world of random roles, and a model of what they let somebody see that shares nothing with the engine. */

export const paths = [
  ...(['name', 'code', 'amount', 'site', 'rank', 'state', 'link', 'tags', 'lines', 'lines.cost'] as const),
  ...(['double', 'both', 'mine', 'looked', 'pointing', 'lines.twice'] as const),
] as const
export type HidePath = (typeof paths)[number]

/** What derived values are made of: in the record itself, and in others. */
const inputs: { readonly [path in HidePath]?: { readonly own: readonly HidePath[]; readonly other: readonly HidePath[] } } = {
  double: { own: ['rank'], other: [] },
  both: { own: ['double', 'lines', 'lines.cost'], other: [] },
  mine: { own: ['rank'], other: [] },
  looked: { own: ['link'], other: ['rank'] },
  pointing: { own: [], other: ['link', 'rank'] },
  'lines.twice': { own: ['lines.cost'], other: [] },
}
const derived = Object.keys(inputs) as HidePath[]

/** What roles say of records in words of their own, in both languages. */
const words = {
  'self.rank > 3': ({ record }: Facts) => Number(record['rank'] ?? 0) > 3,
  'self.owner == user': ({ scopes: its }: Facts) => its.has('own'),
  "self.code != 'beta1'": ({ record }: Facts) => record['code'] !== null && record['code'] !== 'beta1',
  'count(self.lines, l, l.cost > 1) > 0 || self.double == 2': ({ record }: Facts) =>
    (record['lines'] as { cost: number }[]).some(({ cost }) => cost > 1) || record['rank'] === 1,
  'self.amount.amount < 700': ({ record }: Facts) =>
    record['amount'] !== null && Number((record['amount'] as { amount: string }).amount) < 700,
} as const
type Word = keyof typeof words
/** What the module says of its records itself, with who would have them. */
const ownScopes = {
  high: { where: 'self.rank > 5', holds: ({ rank }: Row) => Number(rank ?? 0) > 5 },
  city: {
    where: "self.site.city == 'Ulm' && user.active && (self.code == 'beta1' || self.owner == user)",
    holds: ({ site, code, owner }: Row, member: string) =>
      (site as { city: string }).city === 'Ulm' && (code === 'beta1' || owner === member),
  },
} as const
type Row = Readonly<Record<string, unknown>>
export const scopesInWords = (record: Row, member: string): ScopeName[] =>
  (['high', 'city'] as const).filter((each) => ownScopes[each].holds(record, member))
export const scopes = ['all', 'own', 'team', 'subtree', 'company', 'shared', 'high', 'city'] as const
export type ScopeName = (typeof scopes)[number]
export type Granted = 'list' | 'get' | 'history' | 'export' | 'update' | 'delete'

/** `finish` names roles itself; of `hold` permissions speak; `reopen` is whoever may update. */
const steps = {
  hold: { from: ['open'], to: 'held' },
  finish: { from: ['open', 'held'], to: 'done' },
  reopen: { from: ['held', 'done'], to: 'open' },
} as const
export type Step = keyof typeof steps
export const stepNames = Object.keys(steps) as Step[]
export type Guards = { readonly [step in Step]: Word | null }

export interface RandomRole {
  readonly id: string
  readonly scope: readonly ScopeName[]
  readonly actions: readonly Granted[]
  readonly hide: readonly HidePath[]
  /** What must hold besides of what is read, of what is changed, and of what is deleted; null: nothing. */
  readonly reading: Word | null
  readonly update: Word | null
  readonly delete: Word | null
  /** What it says of transitions. */
  readonly steps: { readonly [step in Step]?: Word | boolean }
  /** Named by the transition itself. */
  readonly finishes: boolean
  readonly mask: { readonly [path in HidePath]?: Word }
  readonly show: readonly HidePath[]
}

export const randomGuards = (by: Random): Guards => {
  const some = () => (by.chance(0.6) ? by.pick(Object.keys(words) as Word[]) : null)
  return { hold: some(), finish: some(), reopen: some() }
}

/** `finishes`: whether its module names it as one that finishes. */
export function randomRole(id: string, by: Random, finishes = false): RandomRole {
  const scope = by.chance(0.2) ? (['all'] as const) : by.some(scopes.slice(1), 0.3)
  const reading = by.pick([['list', 'get'], ['list', 'get'], ['list', 'get'], ['list'], ['get']] as const)
  const hide = by.chance(0.4) ? [] : by.some(paths, by.pick([0.1, 0.35]))
  const all = Object.keys(words) as Word[]
  return {
    id,
    scope: scope.length > 0 ? scope : ['own'],
    actions: [...reading, ...by.some(['history', 'export', 'update', 'delete'] as const, 0.7)],
    hide,
    reading: by.chance(0.25) ? by.pick(all) : null,
    update: by.chance(0.25) ? by.pick(all) : null,
    delete: by.chance(0.5) ? by.pick(all) : null,
    steps: Object.fromEntries(by.some(['hold', 'finish'] as const, 0.5).map((step) => [step, by.pick([true, true, false, by.pick(all)])])),
    finishes,
    mask: by.chance(0.4) ? Object.fromEntries(by.some(paths, 0.2).map((path) => [path, by.pick(all)])) : {},
    show: by.chance(0.5) ? by.some(derived, 0.4).filter((path) => !hide.includes(path)) : [],
  }
}

const actionsSaid = ({ actions, reading, ...role }: RandomRole) =>
  actions.map((action) => [action, (action === 'update' || action === 'delete' ? role[action] : reading) ?? true] as const)

/** What a file of a module, or a tenant, says of the role. */
export const documentOf = (role: RandomRole): object => {
  const { scope, hide, show, mask } = role
  return {
    scope,
    ...Object.fromEntries(actionsSaid(role)),
    ...(hide.length > 0 && { hide }),
    ...(show.length > 0 && { show }),
    transitions: role.steps,
    mask: Object.fromEntries(Object.entries(mask).map(([path, unless]) => [path, { unless }])),
  }
}

const noGuards: Guards = { hold: null, finish: null, reopen: null }

/** Module `perm`: one entity with everything that can be masked, and these roles. */
export const permModule = (roles: readonly RandomRole[], guards = noGuards): Readonly<Record<string, object>> => ({
  'module.json': { title: 'Perm', roles: [...roles.map(({ id }) => id), 'perm.speaker'].map((id) => ({ id, title: id })) },
  'entities/item.json': {
    title: 'Item',
    type: 'object',
    required: ['name'],
    properties: {
      name: text('Name', { index: true }),
      code: text('Code', { index: true }),
      amount: { title: 'Amount', 'x-bos': { type: 'money', index: true } },
      site: { title: 'Site', 'x-bos': { type: 'address' } },
      rank: { type: 'integer', title: 'Rank', 'x-bos': { index: true } },
      state: {
        title: 'State',
        enum: ['open', 'held', 'done'],
        'x-bos': {
          lifecycle: {
            transitions: Object.fromEntries(
              stepNames.map((step) => [
                step,
                {
                  ...steps[step],
                  ...(guards[step] !== null && { guard: guards[step] }),
                  ...(step === 'finish' && { roles: roles.flatMap(({ id, finishes }) => (finishes ? [id] : [])) }),
                },
              ]),
            ),
          },
        },
      },
      double: { title: 'Double', 'x-bos': { type: 'integer', compute: 'self.rank * 2', index: true } },
      both: { title: 'Both', 'x-bos': { type: 'integer', compute: 'self.double + sum(self.lines, l, l.cost)' } },
      mine: { title: 'Mine', 'x-bos': { type: 'integer', compute: 'self.owner == user ? self.rank : self.rank + 100' } },
      looked: { title: 'Looked', 'x-bos': { type: 'integer', lookup: 'self.link.rank' } },
      pointing: { title: 'Pointing', 'x-bos': { type: 'integer', rollup: { over: 'linked', measure: 'sum', value: 'self.rank' } } },
      link: { title: 'Link', 'x-bos': { type: 'reference', entity: 'perm.item', onDelete: 'setNull', inverse: 'linked' } },
      lines: { title: 'Lines', 'x-bos': { type: 'lines', entity: 'perm.item_line' } },
    },
    'x-bos': {
      use: ['core.owned', 'core.of_company', 'core.shareable', 'core.taggable'],
      plural: 'items',
      titleField: 'name',
      search: ['name', 'code'],
      scopes: Object.entries(ownScopes).map(([id, { where }]) => ({ id, title: id, where })),
      permissions: {
        ...Object.fromEntries(roles.map((role) => [role.id, documentOf(role)])),
        // Somebody speaks of it: nobody holds by saying nothing.
        'perm.speaker': { scope: 'own', transitions: { hold: true } },
      },
    },
  },
  'entities/item_line.json': {
    title: 'Item line',
    type: 'object',
    properties: {
      label: text('Label'),
      cost: { type: 'integer', title: 'Cost' },
      twice: { title: 'Twice', 'x-bos': { type: 'integer', compute: 'self.cost * 2' } },
    },
    'x-bos': { kind: 'line', plural: 'item_lines' },
  },
})

/** What is known of one record: in which scopes of the acting member it is. */
export interface Facts {
  readonly id: string
  readonly scopes: ReadonlySet<ScopeName>
  readonly sharedToUpdate: boolean
  readonly record: Readonly<Record<string, unknown>>
}

const holds = (word: Word | null | undefined, item: Facts): boolean => !word || words[word](item)
const reads = ({ actions }: RandomRole): boolean => actions.includes('list') || actions.includes('get')
const isIn = (role: RandomRole, action: Granted, { scopes: its, sharedToUpdate }: Facts): boolean =>
  role.scope.some((scope) => its.has(scope) && (scope !== 'shared' || (action === 'update' ? sharedToUpdate : action !== 'delete')))

/** Does one of the roles let the member do this to the record? */
export const reaches = (roles: readonly RandomRole[], action: Granted, item: Facts): boolean =>
  roles.some(
    (role) =>
      role.actions.includes(action) &&
      isIn(role, action, item) &&
      holds(action === 'update' || action === 'delete' ? role[action] : role.reading, item),
  )

/** What the role asks of a record before it may take the step; null: nothing; false: it may not. */
function asks(role: RandomRole, step: Step): Word | null | false {
  const said = role.steps[step]
  if (said !== undefined) return said === true ? null : said
  if (step === 'reopen') return role.actions.includes('update') && role.update
  return step === 'finish' && role.finishes ? null : false
}
/** Does one of the roles let the member take any record there? */
export const mayTake = (roles: readonly RandomRole[], step: Step): boolean => roles.some((role) => asks(role, step) !== false)
/** And this one, as it is: is it granted, and does it come to it? */
export function takes(roles: readonly RandomRole[], guards: Guards, step: Step, item: Facts): { granted: boolean; done: boolean } {
  const granted = roles.some((role) => {
    const asked = asks(role, step)
    return asked !== false && isIn(role, 'update', item) && holds(asked, item)
  })
  const leads = (steps[step].from as readonly unknown[]).includes(item.record['state'])
  return { granted, done: granted && leads && holds(guards[step], item) }
}

/** Records that row policies let through. */
export const isInScope = (roles: readonly RandomRole[], item: Facts): boolean =>
  roles.some((role) => reads(role) && isIn(role, 'list', item))

/** The roles by which a record is read; a field is shown if one of them shows it. */
const readers = (roles: readonly RandomRole[], item: Facts): readonly RandomRole[] =>
  roles.filter((role) => reads(role) && isIn(role, 'list', item) && holds(role.reading, item))
/** A column is as hidden as its list. */
const above = (path: HidePath): readonly HidePath[] => (path.startsWith('lines.') ? ['lines', path] : [path])
const knows = (role: RandomRole, path: HidePath): boolean => above(path).every((each) => !role.hide.includes(each))
const isMasked = (role: RandomRole, path: HidePath): boolean => above(path).some((each) => role.mask[each] !== undefined)
const shownBy = (role: RandomRole, path: HidePath, item: Facts): boolean =>
  knows(role, path) && above(path).every((each) => holds(role.mask[each], item))

/** Is the field of whatever record shown to whoever reads it? Told from the roles alone, as it must not hang on which records there are. */
function isOpen(roles: readonly RandomRole[], path: HidePath): boolean {
  const plain = roles.filter((role) => reads(role) && knows(role, path) && !isMasked(role, path))
  const scopesShown = new Set(plain.filter((role) => role.reading === null).flatMap((role) => role.scope))
  if (plain.length === 0) return false
  if (scopesShown.has('all')) return true
  return roles.filter(reads).every((role) => plain.includes(role) || role.scope.every((scope) => scopesShown.has(scope)))
}

/** Is it shown in this record? What is made of something is shown where all of that is, or where a role says that it is all the same. */
export function shows(roles: readonly RandomRole[], item: Facts, path: HidePath): boolean {
  const mine = readers(roles, item).filter((role) => shownBy(role, path, item))
  const made = inputs[path]
  if (mine.length === 0 || !made || mine.some((role) => role.show.includes(path))) return mine.length > 0
  return made.own.every((each) => shows(roles, item, each)) && made.other.every((each) => isOpen(roles, each))
}
/** May the field be changed in this record? */
export const writes = (roles: readonly RandomRole[], item: Facts, path: HidePath): boolean =>
  shows(roles, item, path) && roles.some((role) => shownBy(role, path, item) && reaches([role], 'update', item))
/** A field that no role shows on any row does not exist. */
export function exists(roles: readonly RandomRole[], path: HidePath): boolean {
  const mine = roles.filter((role) => reads(role) && knows(role, path))
  const made = inputs[path]
  if (mine.length === 0 || !made || mine.some((role) => role.show.includes(path))) return mine.length > 0
  return made.own.every((each) => exists(roles, each)) && made.other.every((each) => isOpen(roles, each))
}
