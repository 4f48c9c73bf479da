import { arrayLimits, arrayOperators, arraySchema, blankArray, cellOfItems, itemsOfCell, parseItems } from './array.ts'
import type { ArrayLimits } from './array.ts'
import { barcode } from './barcode.ts'
import { color } from './color.ts'
import { date } from './date.ts'
import { dateTime } from './dateTime.ts'
import { decimal } from './decimal.ts'
import { define, inside } from './define.ts'
import { duration } from './duration.ts'
import { email } from './email.ts'
import { typeIdOf } from './infer.ts'
import { integer } from './integer.ts'
import { percent } from './percent.ts'
import { phone } from './phone.ts'
import { text } from './text.ts'
import { time } from './time.ts'
import type { FieldType, PropertyNode } from './type.ts'
import { url } from './url.ts'

export interface ListSettings extends ArrayLimits {
  /** Id of the items' field type. */
  readonly item: string
  readonly itemSettings: unknown
}

/** Types with one column, whose values are scalars. */
const scalars: ReadonlyMap<string, FieldType> = new Map(
  ([text, email, phone, url, integer, decimal, percent, date, dateTime, time, duration, color, barcode] as FieldType[]).map((type) => [
    type.id,
    type,
  ]),
)
const itemOf = ({ item }: ListSettings): FieldType => scalars.get(item) ?? text

/** The SQL type of one item, without its modifier: a cast to numeric(18,2) would round the operand of a filter. */
const bareType = (settings: ListSettings): string =>
  itemOf(settings)
    .columns('item', settings.itemSettings)[0]!
    .type.replace(/\(.*\)/, '')

/** A list of scalars, in the order given: several e-mail addresses, several codes. */
export const list: FieldType<ListSettings> = define<ListSettings>({
  id: 'list',
  valueType: (settings) => ({ kind: 'list', of: itemOf(settings).valueType!(settings.itemSettings) }),
  json: ['array'],
  keywords: ['items', 'default', 'minItems', 'maxItems', 'uniqueItems'],
  compile(node, report) {
    const items = node['items'] as PropertyNode | undefined
    const limits = arrayLimits(node, report, 100, false)
    const at = inside(report, 'items')
    const id = items === undefined ? undefined : typeIdOf(items, at)
    const item = scalars.get(id ?? '')
    if (items === undefined) report('/items', 'must say what the list consists of, such as {"type": "string"}')
    else if (id !== undefined && item === undefined) at('', `${id} cannot be in a list; it may hold ${[...scalars.keys()].join(', ')}`)
    if (items === undefined || item === undefined) return { item: 'text', itemSettings: text.compile({}, () => {}), ...limits }
    return { item: item.id, itemSettings: item.compile(items, at), ...limits }
  },
  columns(name, settings) {
    const [column] = itemOf(settings).columns(name, settings.itemSettings)
    return [{ ...column!, type: `${column!.type}[]` }]
  },
  schema: (settings, mode) => arraySchema(itemOf(settings).schema(settings.itemSettings, mode), settings),
  parse: (input, settings, report) =>
    parseItems(input, settings, (each, at) => itemOf(settings).parse(each, settings.itemSettings, at), report),
  store(value, settings) {
    const { store } = itemOf(settings)
    return [store && value !== null ? (value as readonly unknown[]).map((each) => store(each, settings.itemSettings)[0]) : value]
  },
  render(sql, at, settings) {
    const item = itemOf(settings)
    if (!item.render) return at()
    const value = item.render(sql, () => sql`item.value`, settings.itemSettings)
    const items = sql`select coalesce(json_agg(${value} order by item.position), '[]')
      from unnest(${at()}) with ordinality as item(value, position)`
    return sql`case when ${at()} is not null then (${items}) end`
  },
  operators: arrayOperators<ListSettings>(
    bareType,
    (operand, settings, report) => itemOf(settings).operators.eq!.parse(operand, settings.itemSettings as never, report)[0],
  ),
  blank: blankArray,
  fromText(cell, settings, report) {
    const item = itemOf(settings)
    const items = itemsOfCell(cell, (each, at) => (item.fromText ?? item.parse)(each, settings.itemSettings, at), report)
    return items === undefined ? undefined : list.parse(items, settings, report)
  },
  toText: (value) => cellOfItems(value as readonly unknown[], String),
})
