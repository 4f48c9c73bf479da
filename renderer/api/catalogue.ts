import { useQuery } from '@tanstack/react-query'
import { createContext, useContext } from 'react'
import type { CatalogueView, EntityView, FieldView } from '../../engine/http/catalogue-view.ts'
import type { OperatorName } from '../../engine/fields/type.ts'
import { callJson } from './client.ts'

/** What the server sends, by its own types: the shape cannot drift. Hidden fields and entities are absent. */
export type { CatalogueView } from '../../engine/http/catalogue-view.ts'
export type Entity = EntityView
export type Field = FieldView
export type View = EntityView['views'][number]
export type InverseView = EntityView['inverses'][number]
export type Operator = OperatorName

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

/** Lines of a document, not the links of a `references` field. */
export const isLines = ({ lines }: Pick<Field, 'lines'>): boolean => lines !== null && lines.linkField === null

/** What lines are; undefined: the field has none, or they are not shown to this person. */
export const lineOf = ({ entities }: Pick<CatalogueView, 'entities'>, field: Pick<Field, 'lines'>): Entity | undefined =>
  field.lines && isLines(field) ? entities[field.lines.entity] : undefined

export const may = (entity: Entity, action: string): boolean => entity.actions.includes(action)
