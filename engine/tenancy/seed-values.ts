import dayjs from 'dayjs'
import timezone from 'dayjs/plugin/timezone.js'
import utc from 'dayjs/plugin/utc.js'
import type { Entity, Field } from '../catalogue/types.ts'
import { ExactNumber } from '../fields/type.ts'

dayjs.extend(utc)
dayjs.extend(timezone)

export interface SeedPlace {
  readonly timeZone: string
  readonly now: Date
  /** The id behind `@crm.company:nordlicht`, or undefined. */
  readonly idOf: (entity: string, key: string) => string | undefined
  readonly entityOf: (id: string) => Entity | undefined
}

const reference = /^@([a-z][a-z0-9_]*\.[a-z][a-z0-9_]*):(\S+)$/
const day = /^@(day|workday):(-?\d{1,5})(?:T(\d\d:\d\d))?$/

/** A seed record's `data` with every `@…` text replaced (modules-json/README.md). Throws with what is wrong and where. */
export function resolveSeed(data: unknown, entity: Entity, place: SeedPlace): Record<string, unknown> {
  const record: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(data as Record<string, unknown>))
    record[name] = resolve(value, entity.fieldByName.get(name), place)
  return record
}

/** The entities' keys that a record needs before it can be written: `crm.company:nordlicht`. */
export function referencesOf(data: unknown): string[] {
  if (typeof data === 'string') {
    const parts = reference.exec(data)
    return parts ? [`${parts[1]}:${parts[2]}`] : []
  }
  return typeof data === 'object' && data !== null ? Object.values(data).flatMap(referencesOf) : []
}

function resolve(value: unknown, field: Field | undefined, place: SeedPlace): unknown {
  if (typeof value === 'string') return value.startsWith('@') ? resolveText(value, field, place) : value
  const lines = field?.lines ? place.entityOf(field.lines.entity) : undefined
  if (Array.isArray(value)) {
    return value.map((item) =>
      lines && typeof item === 'object' && item !== null && !field?.lines?.linkField
        ? resolveSeed(item, lines, place)
        : resolve(item, field, place),
    )
  }
  if (typeof value !== 'object' || value === null || value instanceof ExactNumber) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, resolve(inner, field, place)]))
}

function resolveText(text: string, field: Field | undefined, place: SeedPlace): unknown {
  if (text.startsWith('@@')) return text.slice(1)
  const target = reference.exec(text)
  if (target) {
    const [, entity = '', key = ''] = target
    const id = place.idOf(entity, key)
    if (id === undefined) throw new Error(`"${text}" stands for no record before this one`)
    return field?.reference?.several ? { entity, id } : id
  }
  const date = day.exec(text)
  if (!date) throw new Error(`"${text}" means nothing: write @entity:key, @day:n, @workday:n, or @@ for a plain @`)
  const [, kind, offset, time] = date
  const today = dayjs(place.now).tz(place.timeZone).format('YYYY-MM-DD')
  const on = kind === 'day' ? addDays(today, Number(offset)) : addWorkdays(today, Number(offset))
  return time === undefined ? on : dayjs.tz(`${on}T${time}`, place.timeZone).toISOString()
}

const addDays = (date: string, days: number): string => dayjs.utc(date).add(days, 'day').format('YYYY-MM-DD')
const isWeekend = (date: string): boolean => [0, 6].includes(dayjs.utc(date).day())

/** Monday to Friday; 0 is the day itself, or the Monday after a weekend. */
function addWorkdays(date: string, workdays: number): string {
  const step = workdays < 0 ? -1 : 1
  let at = date
  for (let left = Math.abs(workdays); left > 0;) {
    at = addDays(at, step)
    if (!isWeekend(at)) left--
  }
  while (isWeekend(at)) at = addDays(at, 1)
  return at
}
