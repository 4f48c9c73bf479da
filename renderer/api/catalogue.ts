import { useQuery } from '@tanstack/react-query'
import { createContext, useContext } from 'react'
import { callJson } from './client.ts'

/** GET /api/catalogue: the metadata as this caller may see it. Hidden fields and entities are absent. */
export interface CatalogueView {
  readonly hash: string
  readonly tenant: Tenant
  readonly me: Me
  readonly modules: readonly ModuleView[]
  readonly entities: Readonly<Record<string, Entity>>
}
export interface Tenant {
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly locale: string
  readonly timeZone: string
  readonly currency: string
  readonly demo: boolean
}
export interface Me {
  readonly member: string | null
  readonly name: string | null
  readonly email: string
  readonly roles: readonly string[]
}
export interface ModuleView {
  readonly id: string
  readonly title: string
  readonly icon: string
  readonly menu: readonly { readonly entity: string; readonly title: string; readonly view: string | null }[]
}
export type Operator = 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte' | 'in' | 'contains' | 'startsWith' | 'null'

export interface Field {
  readonly id: string
  readonly name: string
  readonly title: string
  readonly help: string
  readonly type: string
  readonly settings: unknown
  readonly required: boolean
  readonly readOnly: boolean
  readonly createOnly: boolean
  readonly default: unknown
  readonly defaultsToActor: boolean
  readonly reference: { readonly targets: readonly { readonly entity: string }[]; readonly several?: boolean } | null
  readonly lines: { readonly entity: string; readonly linkField: string | null; readonly through?: unknown } | null
  readonly operators: readonly Operator[]
  readonly sortable: boolean
  readonly group: 'value' | 'buckets' | null
  readonly measures: readonly string[]
}
export interface InverseView {
  readonly name: string
  readonly entity: string
  readonly field: string
  readonly title: string
}
export interface DisplayView {
  readonly icon: string
  readonly hue: number
  readonly subtitleField: string | null
  readonly imageField: string | null
  readonly statusField: string | null
  readonly summaryFields: readonly string[]
  readonly quickCreate: readonly string[]
  readonly sections: readonly { readonly title: string; readonly fields: readonly string[] }[]
  readonly tabs: readonly string[]
  readonly editMode: 'live' | 'document'
  readonly openIn: 'panel' | 'page'
}
export interface View {
  readonly id: string
  readonly kind: string
  readonly title: string
  readonly columns: readonly { readonly field: string; readonly width: number | null }[]
  readonly filter: Readonly<Record<string, string>>
  readonly sort: readonly string[]
  readonly group: string | null
}
export interface Entity {
  readonly id: string
  readonly module: string
  readonly name: string
  readonly plural: string
  readonly kind: 'record' | 'line' | 'single'
  readonly title: string
  readonly pluralTitle: string
  readonly description: string
  readonly path: string | null
  readonly titleField: string | null
  readonly search: boolean
  readonly parent: { readonly entity: string; readonly field: string } | null
  readonly actions: readonly string[]
  readonly fields: readonly Field[]
  readonly inverses: readonly InverseView[]
  readonly unique: readonly { readonly id: string; readonly fields: readonly string[] }[]
  readonly display: DisplayView
  readonly views: readonly View[]
}

export const CatalogueContext = createContext<CatalogueView | null>(null)

/** The catalogue; the shell renders nothing below itself before it is there. */
export function useCatalogue(): CatalogueView {
  const catalogue = useContext(CatalogueContext)
  if (catalogue === null) throw new Error('useCatalogue outside the signed-in shell')
  return catalogue
}

export const useCatalogueQuery = (enabled: boolean) =>
  useQuery({
    queryKey: ['catalogue'],
    queryFn: ({ signal }) => callJson<CatalogueView>('GET', '/api/catalogue', { signal }),
    enabled,
    staleTime: 5 * 60_000,
  })

export const entityOf = (catalogue: CatalogueView, id: string): Entity | null => catalogue.entities[id] ?? null

export const entityByAddress = (catalogue: CatalogueView, module: string, plural: string): Entity | null =>
  Object.values(catalogue.entities).find((entity) => entity.module === module && entity.plural === plural && entity.path !== null) ?? null

export const fieldOf = (entity: Entity, name: string): Field | null => entity.fields.find((field) => field.name === name) ?? null

export const may = (entity: Entity, action: string): boolean => entity.actions.includes(action)
