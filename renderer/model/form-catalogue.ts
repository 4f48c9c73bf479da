import { lineOf, type CatalogueView, type Entity as EntityView, type Field as FieldView } from '../api/catalogue.ts'
import type { Catalogue, DerivationStep, Entity, Field, FieldLogic } from '../../engine/catalogue/types.ts'
import { dependenciesOf } from '../../engine/expressions/dependencies.ts'
import type { Expression, Node, Type } from '../../engine/expressions/types.ts'

/**
 * What this caller may see of the modules, as the engine's own functions read it: a form is then decided on by the code that decides on
 * the server. What the view leaves out (tables, permissions, hidden fields) is not there, and what reads it the server alone judges.
 */
export function formCatalogue(view: CatalogueView): Catalogue {
  let made = catalogues.get(view)
  if (!made) catalogues.set(view, (made = compiled(view)))
  return made
}
const catalogues = new WeakMap<CatalogueView, Catalogue>()

type ExpressionView = { readonly type: Type; readonly root: Node }

const nowhere = { kind: 'literal', type: 'null', start: 0, end: 0 } as const

/** An expression of the view, as the engine's functions take it. */
export const expressionOf = (view: ExpressionView | null): Expression | null =>
  view && { type: view.type, root: view.root, canonical: nowhere, dependencies: dependenciesOf(view.root) }

function compiled(view: CatalogueView): Catalogue {
  const shown = Object.values(view.entities).map((each) => entityOf(view, each))
  const entities = new Map(shown.map((each) => [each.id, each]))
  for (const { fields } of shown)
    for (const field of fields) if (field.lines?.linkField != null) entities.set(field.lines.entity, linkOf(entities, field))
  return { hash: view.hash, modules: new Map(), entities, routes: new Map(), roles: new Map(), dependants: new Map() }
}

function entityOf(view: CatalogueView, each: EntityView): Entity {
  const fields = each.fields.map(fieldOf)
  return {
    ...each,
    layer: 'module',
    table: { schema: '', name: '' },
    fields,
    fieldByName: new Map(fields.map((field) => [field.name, field])),
    fieldById: new Map(fields.map((field) => [field.id, field])),
    titleField: fields.find((field) => field.name === each.titleField) ?? null,
    search: [],
    unique: [],
    permissions: new Map(),
    rules: each.rules.map((rule) => ({ ...rule, when: expressionOf(rule.when), assert: expressionOf(rule.assert)!, on: new Set(rule.on) })),
    lifecycles: [],
    derivations: stepsOf(view, each),
    tree: null,
    scopes: [],
    link: false,
    inverses: new Map(),
    referencedBy: [],
    traits: [],
    schemas: { read: {}, create: each.schemas.create, patch: each.schemas.patch },
  }
}

function fieldOf(field: FieldView): Field {
  return {
    ...field,
    columns: [],
    default: field.default ?? undefined,
    index: false,
    pii: false,
    layer: 'module',
    reference: field.reference && {
      several: field.reference.several,
      targets: field.reference.targets.map(({ entity }) => ({ entity, column: '' })),
      onDelete: 'restrict',
      inverse: null,
    },
    sequence: null,
    logic: logicOf(field),
  }
}

function logicOf({ logic }: FieldView): FieldLogic | null {
  if (!logic) return null
  const expression = expressionOf(logic.derivation?.expression ?? null)
  return {
    derivation:
      logic.derivation && expression
        ? { kind: logic.derivation.kind, overridable: logic.derivation.overridable, stored: true, expression }
        : null,
    default: expressionOf(logic.default),
    visibleWhen: expressionOf(logic.visibleWhen),
    requiredWhen: expressionOf(logic.requiredWhen),
    readOnlyWhen: expressionOf(logic.readOnlyWhen),
    where: expressionOf(logic.where),
    currency: expressionOf(logic.currency),
    numbering: null,
  }
}

/** What the server works out only when it is read comes last: nothing reads it, for its expression stands wherever it is used. */
function stepsOf(view: CatalogueView, document: EntityView): readonly DerivationStep[] {
  const stored = new Set(document.derivations.map(({ entity, field }) => `${entity}/${field}`))
  const read = (each: EntityView): DerivationStep[] =>
    each.fields.flatMap((field) => {
      const line = lineOf(view, field)
      const isRead = field.logic?.derivation && !stored.has(`${each.id}/${field.id}`)
      return [...(isRead ? [{ entity: each.id, field: field.id }] : []), ...(line ? read(line) : [])]
    })
  const isKnown = ({ entity, field }: DerivationStep): boolean => {
    const logic = view.entities[entity]?.fields.find((each) => each.id === field)?.logic
    return logic != null && (logic.derivation ? logic.derivation.expression : (logic.default ?? logic.currency)) !== null
  }
  return [...document.derivations, ...(document.kind === 'line' ? [] : read(document))].filter(isKnown)
}

/** The row behind each entry of a list of references. */
function linkOf(entities: ReadonlyMap<string, Entity>, field: Field): Entity {
  const { entity: id, linkField } = field.lines!
  const known = entities.get(id)
  const target: Field = known?.fieldByName.get(linkField!) ?? {
    ...field,
    id: linkField!,
    name: linkField!,
    type: 'reference',
    lines: null,
    logic: null,
  }
  const fields = [target]
  const own = { fields, fieldByName: new Map([[target.name, target]]), fieldById: new Map([[target.id, target]]) }
  const blank = known ?? [...entities.values()][0]!
  return { ...blank, ...own, id, kind: 'line', link: true, rules: [], derivations: [] }
}
