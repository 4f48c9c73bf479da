import type { Context, Root } from './terms.ts'
import type { Names } from './types.ts'

/** What the engine knows of the module `core`, on which it is built: ids of its entities and their fields, which no rename touches. */
export const core = { member: 'core.member', company: 'core.company', team: 'core.team', settings: 'core.settings' } as const
/** Fields of a calendar. */
export const calendar = {
  workingDays: 'working_days',
  startsAt: 'starts_at',
  endsAt: 'ends_at',
  timeZone: 'time_zone',
  holidays: 'holidays',
} as const
/** Fields of each of its holidays. */
export const holiday = { day: 'day', halfDay: 'half_day' } as const

/** The entity that `settings` means; null: these names have none. */
export const settingsIn = ({ shape }: Names): string | null => (shape(core.settings) ? core.settings : null)

const roots: ReadonlySet<Root> = new Set(['self', 'parent', 'user', 'tenant', 'settings', 'now', 'today'])

/** Of an expression about records of an entity that somebody writes, in the names that they know: a filter, a formula. */
export const personsContext = (names: Names, self: string): Context => ({ names, self, roots, settings: settingsIn(names) })
