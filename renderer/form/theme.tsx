// Not from the package's root: that also names a test helper, which needs a validator we do not have.
import withTheme, { type ThemeProps } from '@rjsf/core/lib/withTheme.js'
import type { FieldProps, FieldTemplateProps, ObjectFieldTemplateProps } from '@rjsf/utils'
import { createContext, useContext, useState } from 'react'
import type { Entity, Field } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import { Edit } from '../fields/field.tsx'
import { kindOf } from '../fields/registry.ts'
import { editable, sectionsOf } from '../model/entity.ts'
import { isLines, type Mode } from './schema.ts'

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
  const { entity, mode, record, touched, submits } = view
  const [typed, setTyped] = useState<string | null>(null)
  const field = entity.fields.find((each) => each.name === name)
  if (!field) return null
  const readOnly = !editable(entity, field, mode)
  const shown = submits > 0 || touched.has(name)
  const fault = shown ? (typed ?? rawErrors?.[0] ?? null) : null
  const id = `${view.id}-${field.id}`
  const lines = isLines(field)
  const helped = field.help !== ''
  const described = [fault === null ? null : `${id}-fault`, helped ? `${id}-help` : null].filter((each) => each !== null).join(' ')
  return (
    <div className={lines ? 'form-field form-lines' : 'form-field'} data-field={name} data-invalid={fault !== null || undefined}>
      <label className="form-label" htmlFor={id}>
        {field.title}
        {field.required && !readOnly && (
          <span className="form-required">
            {' '}
            *<span className="sr-only"> (required)</span>
          </span>
        )}
      </label>
      <Edit
        id={id}
        field={field}
        readOnly={readOnly}
        value={formData}
        record={record}
        invalid={fault !== null}
        describedBy={described || undefined}
        autoFocus={autofocus === true}
        faults={shown || lines ? errorSchema : undefined}
        submits={submits}
        onChange={(value) => onChange(value === null ? undefined : value, fieldPathId.path)}
        onFault={(next) => {
          setTyped(next)
          view.onTyped(name, next)
        }}
        onBlur={() => view.onTouch(name)}
      />
      {fault !== null && (
        <p className="field-fault" id={`${id}-fault`}>
          {fault}
        </p>
      )}
      {helped && fault === null && (
        <p className="field-help" id={`${id}-help`}>
          {field.help}
        </p>
      )}
    </div>
  )
}

/** Short fields stand in pairs where the form is wide enough. */
const isWide = (entity: Entity, field: Field, mode: Mode): boolean => {
  const { tall, wide } = kindOf(field)
  return tall === true || wide?.(field) === true || (field.name === entity.titleField && editable(entity, field, mode))
}

function FormLayout({ properties }: ObjectFieldTemplateProps) {
  const { entity, mode, visible, sectioned } = useFormView()
  const shown = properties.filter((property) => visible.has(property.name))
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
  const sections = sectionsOf(entity, (field) => shown.some((property) => property.name === field.name))
  return (
    <>
      {sections.map((section) => (
        <section key={section.title} className="form-section" id={`section-${section.title}`} aria-label={section.title || undefined}>
          {section.title !== '' && <h3 className="section-title">{section.title}</h3>}
          <div className="form-fields form-two">
            {section.fields.map((field) => (
              <div key={field.name} className={isWide(entity, field, mode) ? 'form-wide' : undefined}>
                {shown.find((property) => property.name === field.name)?.content}
              </div>
            ))}
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
