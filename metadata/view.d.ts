/* Generated from view.schema.json by metadata/generate.ts. Change the schema and run `npm run generate`. */

export type Column =
  | string
  | {
      field: string
      /**
       * Pixels.
       */
      width?: number
      pin?: boolean
      aggregate?: 'count' | 'sum' | 'avg' | 'min' | 'max'
    }

/**
 * `views/{name}.json`: one view, `{module}.{name}`. Intent only (which records, which columns, which order), never component trees.
 */
export interface ViewFile {
  /**
   * Path of this meta-schema, for editors.
   */
  $schema?: string
  /**
   * The id within the module, once it differs from the file's name.
   */
  id?: string
  /**
   * An entity, trait, role or view by its full name: `{module}.{name}`.
   */
  entity: string
  kind: 'list' | 'kanban' | 'calendar' | 'timeline' | 'gallery' | 'chart' | 'pivot' | 'dashboard' | 'form' | 'detail'
  /**
   * What people read: sentence case, singular for entities.
   */
  title: string
  /**
   * Properties by name (also one step along a reference: `company.country`), or {field, width, pin, aggregate}.
   *
   * @maxItems 100
   */
  columns?: Column[]
  /**
   * Parameters as in the address: {"stage": "won", "value.gte": "1000"}; or an expression.
   */
  filter?:
    | {
        [k: string]: string | number | boolean
      }
    | string
  /**
   * Order keys, most significant first; `-` in front is descending.
   *
   * @maxItems 8
   */
  sort?: string[]
  /**
   * The property whose values make groups or board columns.
   */
  group?: string
  /**
   * Measures of charts, pivots and boards: `count`, `sum(value)`.
   *
   * @maxItems 20
   */
  aggregates?: string[]
  mapping?: Mapping
  density?: 'compact' | 'default' | 'tall'
  /**
   * Kind dashboard: views as tiles on a grid of twelve columns.
   *
   * @maxItems 60
   */
  tiles?: Tile[]
}
/**
 * Which property plays which part.
 */
export interface Mapping {
  /**
   * calendar, timeline: begin.
   */
  start?: string
  /**
   * calendar, timeline: end.
   */
  end?: string
  /**
   * A select whose hues colour the records.
   */
  color?: string
  /**
   * gallery: the picture.
   */
  image?: string
  /**
   * chart, pivot: categories or columns.
   */
  x?: string
  /**
   * chart, pivot: values or rows.
   */
  y?: string
  chart?: 'bar' | 'line' | 'donut' | 'number'
}
export interface Tile {
  /**
   * An entity, trait, role or view by its full name: `{module}.{name}`.
   */
  view: string
  width?: number
  height?: number
}
