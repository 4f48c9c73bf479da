// Not from the package's root: that also names a test helper, which needs a validator we do not have.
import withTheme, { type ThemeProps } from '@rjsf/core/lib/withTheme.js'
import type { FieldProps, FieldTemplateProps, ObjectFieldTemplateProps } from '@rjsf/utils'
import { createContext, useContext, useState } from 'react'
import { isLines, type Entity, type Field } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import { Edit } from '../fields/field.tsx'
import { kindOf } from '../fields/registry.ts'
import { Warning, Why } from '../fields/told.tsx'
import { faultAt, isEmpty } from '../fields/type.ts'
import { editable } from '../model/editable.ts'
import { sectionsOf, startingField } from '../model/entity.ts'
import { copiesOf, hasDefault, isDerived, livesInForm, sourceWords } from '../model/row-logic.ts'
import { totalsOf } from '../model/lines.ts'
import { useLogicView, type FormLogicView } from './logic-context.ts'
import { merged } from './problems.ts'
import { LinesTable } from '../record/lines-table.tsx'
import { fieldQuestion, WhyButton } from '../record/why.tsx'
import type { Mode } from './schema.ts'

/** What the form's parts need beside their values. A context of our own: rjsf compares its formContext deeply on every key. */
export interface FormView {
  readonly id: string
  readonly entity: Entity
  readonly mode: Mode
  readonly record: RecordData | undefined
  readonly visible: ReadonlySet<string>
  readonly sectioned: boolean
  /** Fields that were left once; before that, or a submit, no fault is shown. */
  readonly touched: ReadonlySet<string>
  /** How often saving was tried. */
  readonly submits: number
  readonly onTouch: (name: string) => void
  readonly onTyped: (name: string, fault: string | null) => void
}
export const FormViewContext = createContext<FormView | null>(null)
const useFormView = (): FormView => {
  const view = useContext(FormViewContext)
  if (view === null) throw new Error('A form part outside its form')
  return view
}

/** Every property, whatever its type: label, editor from the registry, help, fault. */
function RegistryField({ name, formData, onChange, errorSchema, rawErrors, fieldPathId, autofocus }: FieldProps) {
  const view = useFormView()
  const { document, ...live } = useLogicView()
  const { entity, mode, record, touched, submits, onTyped } = view
  const [typed, setTyped] = useState<string | null>(null)
  const known = entity.fields.find((each) => each.name === name)
  if (!known) return null
  const field = mode === 'create' ? startingField(entity, known) : known
  const causes = document.locked[name]
  const readOnly = !editable(entity, field, mode, record, document)
  const derived = isDerived(field)
  const asks = readOnly && record !== undefined
  // Nobody can leave what nobody can type into.
  const shown = submits > 0 || touched.has(name) || (derived && touched.size > 0)
  const own = faultAt(live.faults, name)
  const fault = shown ? (typed ?? rawErrors?.[0] ?? own?.__errors?.[0] ?? null) : null
  const warning = fault === null && (shown || mode === 'edit') ? (faultAt(live.warnings, name)?.__errors?.[0] ?? null) : null
  const id = `${view.id}-${field.id}`
  const lines = isLines(field)
  const helped = field.help !== '' && fault === null && warning === null
  const described = [fault === null ? null : `${id}-fault`, warning === null ? null : `${id}-warning`, helped ? `${id}-help` : null]
    .filter((each) => each !== null)
    .join(' ')
  const change = (value: unknown): void => {
    onChange(value === null && !hasDefault(field) ? undefined : value, fieldPathId.path)
    for (const copy of copiesOf(entity, name)) onChange(record?.[copy.name], [...fieldPathId.path.slice(0, -1), copy.name])
  }
  return (
    <div className={lines ? 'form-field form-lines' : 'form-field'} data-field={name} data-invalid={fault !== null || undefined}>
      <div className="form-head">
        <label className="form-label" htmlFor={id}>
          {field.title}
          {(field.required || document.required.includes(name)) && !readOnly && (
            <span className="form-required">
              {' '}
              *<span className="sr-only"> (required)</span>
            </span>
          )}
          {causes && <Why entity={entity} names={causes} record={record} />}
        </label>
        {asks && (
          <WhyButton
            entity={entity}
            record={record}
            question={{ action: 'update', field: name }}
            label={fieldQuestion(record, field)}
            quiet
          />
        )}
      </div>
      {lines && readOnly && record ? (
        <LinesTable entity={entity} field={field} record={record} />
      ) : (
        <Edit
          id={id}
          field={field}
          readOnly={readOnly}
          coming={document.pending.includes(name)}
          from={derived ? sourceWords(entity, field) : undefined}
          value={Object.hasOwn(document.values, name) ? document.values[name] : formData}
          record={record}
          invalid={fault !== null}
          describedBy={described || undefined}
          autoFocus={autofocus === true}
          faults={shown || lines ? merged(errorSchema, own) : undefined}
          submits={submits}
          onChange={change}
          onFault={(next) => {
            setTyped(next)
            onTyped(name, next)
          }}
          onBlur={() => view.onTouch(name)}
        />
      )}
      {fault !== null && (
        <p className="field-fault" id={`${id}-fault`}>
          {fault}
        </p>
      )}
      {warning !== null && <Warning id={`${id}-warning`}>{warning}</Warning>}
      {helped && (
        <p className="field-help" id={`${id}-help`}>
          {field.help}
        </p>
      )}
    </div>
  )
}

/** Short fields stand side by side where the form is wide enough. What nobody types needs no room for typing: its value wraps. */
const isWide = (entity: Entity, field: Field, mode: Mode): boolean => {
  const { tall, wide } = kindOf(field)
  return tall === true || (editable(entity, field, mode) && (wide?.(field) === true || field.name === entity.titleField))
}

/** A value of its own that is not there yet, or is said to be hidden, takes no room. */
function isShown(entity: Entity, mode: Mode, { document }: FormLogicView, name: string): boolean {
  const field = entity.fields.find((each) => each.name === name)
  if (!field || document.hidden.includes(name)) return false
  return mode === 'edit' || !isDerived(field) || livesInForm(entity, field) || !isEmpty(document.values[name])
}

/** It comes and goes: it stands below the field before it, in the same cell, so that no other field moves to the side for it. */
const comesAndGoes = (entity: Entity, mode: Mode, field: Field): boolean =>
  field.logic?.visibleWhen != null || (mode === 'create' && isDerived(field) && !livesInForm(entity, field))

function cellsOf(entity: Entity, mode: Mode, fields: readonly Field[]): readonly (readonly Field[])[] {
  const cells: Field[][] = []
  for (const field of fields) {
    const last = cells.at(-1)
    if (last && comesAndGoes(entity, mode, field) && !isWide(entity, field, mode)) last.push(field)
    else cells.push([field])
  }
  return cells
}

function FormLayout({ properties }: ObjectFieldTemplateProps) {
  const { entity, mode, visible, sectioned } = useFormView()
  const logic = useLogicView()
  const summed = new Set(entity.fields.filter(isLines).flatMap((field) => totalsOf(entity, field).map(({ name }) => name)))
  const offered = properties.filter(({ name }) => visible.has(name) && !summed.has(name))
  const shown = offered.filter(({ name }) => isShown(entity, mode, logic, name))
  if (!sectioned)
    return (
      <div className="form-fields">
        {shown.map((property) => (
          <div key={property.name} className="form-wide">
            {property.content}
          </div>
        ))}
      </div>
    )
  const contentOf = ({ name }: Field) => shown.find((property) => property.name === name)?.content
  const sections = sectionsOf(entity, (field) => offered.some((property) => property.name === field.name)).filter(({ fields }) =>
    fields.some((field) => contentOf(field) !== undefined),
  )
  return (
    <>
      {sections.map((section) => (
        <section key={section.title} className="form-section" id={`section-${section.title}`} aria-label={section.title || undefined}>
          {section.title !== '' && <h3 className="section-title">{section.title}</h3>}
          <div className="form-fields form-two">
            {cellsOf(entity, mode, section.fields).map(
              ([first, ...rest]) =>
                first && (
                  <div
                    key={first.name}
                    className={isWide(entity, first, mode) ? 'form-cell form-wide' : 'form-cell'}
                    hidden={[first, ...rest].every((field) => contentOf(field) === undefined)}
                  >
                    {contentOf(first)}
                    {rest.map((field) => {
                      const content = contentOf(field)
                      return content && <div key={field.name}>{content}</div>
                    })}
                  </div>
                ),
            )}
          </div>
        </section>
      ))}
    </>
  )
}

const FieldFrame = ({ children }: FieldTemplateProps) => children
const Nothing = () => null

const theme: ThemeProps = {
  fields: { registry: RegistryField },
  templates: {
    FieldTemplate: FieldFrame,
    ObjectFieldTemplate: FormLayout,
    ErrorListTemplate: Nothing,
    FieldErrorTemplate: Nothing,
    FieldHelpTemplate: Nothing,
    DescriptionFieldTemplate: Nothing,
  },
}

/** rjsf in our clothes; made once, because templates made while rendering would lose the focus on every key. */
export const ThemedForm = withTheme(theme)
