import type { IChangeEvent } from '@rjsf/core'
import type { ErrorSchema } from '@rjsf/utils'
import { useEffect, useId, useMemo, useRef, useState, type ReactNode } from 'react'
import { useCatalogue, type Entity } from '../api/catalogue.ts'
import { ApiProblem } from '../api/problem.ts'
import type { RecordData } from '../api/records.ts'
import type { FaultTree } from '../fields/type.ts'
import { failed } from '../shell/toast.tsx'
import { placeIn, type FormData } from './body.ts'
import './form.css'
import { placeFaults, withoutFault } from './problems.ts'
import { formFields, formSchema, type Mode } from './schema.ts'
import { FormViewContext, ThemedForm, type FormView } from './theme.tsx'
import { checkForm, createValidator } from './validator.ts'
import { sentence } from './words.ts'

/**
 * The form of an entity, to create or edit. It keeps its own values; `onChange` tells them. `onSubmit` may throw ApiProblem:
 * its faults land on the fields they name, the rest in a toast.
 */
export function EntityForm({
  entity,
  mode,
  initial,
  record,
  only = null,
  onChange,
  onSubmit,
  children,
  formId,
  busy,
  focusFirst = false,
}: {
  readonly entity: Entity
  readonly mode: Mode
  readonly initial: FormData
  readonly record?: RecordData | undefined
  /** The fields of a short form; null: all of them, in sections. */
  readonly only?: ReadonlySet<string> | null
  readonly onChange: (data: FormData) => void
  readonly onSubmit: (data: FormData) => Promise<void>
  readonly children?: ReactNode
  readonly formId: string
  readonly busy: boolean
  /** Typing can begin at once. */
  readonly focusFirst?: boolean
}) {
  const catalogue = useCatalogue()
  const id = useId()
  const { schema, uiSchema } = useMemo(() => formSchema(entity, mode), [entity, mode])
  const validator = useMemo(
    () => createValidator((data) => checkForm(catalogue, entity, mode, record, data)),
    [catalogue, entity, mode, record],
  )
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set())
  const [submits, setSubmits] = useState(0)
  const [serverFaults, setServerFaults] = useState<FaultTree>({})
  const typed = useRef(new Map<string, string>())
  const box = useRef<HTMLDivElement>(null)
  const [focusFault, setFocusFault] = useState(0)
  const all = useMemo(() => new Set(formFields(entity, mode).map((field) => field.name)), [entity, mode])
  // A fault must never hide in a field that the short form leaves out.
  const visible = useMemo(() => (only === null ? all : new Set([...only, ...Object.keys(serverFaults)])), [only, all, serverFaults])

  useEffect(() => {
    if (!focusFirst) return undefined
    // The dialog's focus trap takes the first thing it finds, a moment after mounting; typing should begin in the first empty field.
    const timer = setTimeout(() => {
      const first = [
        ...(box.current?.querySelectorAll<HTMLElement>('[data-field] input, [data-field] textarea, [data-field] .picker-face') ?? []),
      ]
      ;(first.find((place) => !(place instanceof HTMLInputElement && place.value !== '')) ?? first[0])?.focus()
    }, 30)
    return () => clearTimeout(timer)
  }, [focusFirst])

  useEffect(() => {
    if (focusFault === 0) return
    const place =
      box.current?.querySelector('[data-invalid] [aria-invalid="true"]') ??
      box.current?.querySelector('[data-invalid] input, [data-invalid] button, [data-invalid] textarea') ??
      box.current?.querySelector('.cell-fault [aria-invalid="true"], .cell-fault button, .line-card.cell-fault')
    if (place instanceof HTMLElement) {
      place.focus()
      place.scrollIntoView({ block: 'center' })
    }
  }, [focusFault])

  const view = useMemo<FormView>(
    () => ({
      id,
      entity,
      mode,
      record,
      visible,
      sectioned: only === null,
      touched,
      submits,
      onTouch: (name) => setTouched((old) => (old.has(name) ? old : new Set(old).add(name))),
      onTyped: (name, fault) => {
        if (fault === null) typed.current.delete(name)
        else typed.current.set(name, fault)
      },
    }),
    [id, entity, mode, record, visible, only, touched, submits],
  )

  const changed = (event: IChangeEvent, changedId?: string): void => {
    const data = (event.formData ?? {}) as FormData
    const name = changedId?.replace(/^root_/, '')
    if (name !== undefined && serverFaults[name] !== undefined) setServerFaults(withoutFault(serverFaults, name))
    onChange(data)
  }
  const submit = async (event: IChangeEvent): Promise<void> => {
    const data = (event.formData ?? {}) as FormData
    setSubmits((count) => count + 1)
    if (typed.current.size > 0) return setFocusFault((count) => count + 1)
    if (busy) return
    try {
      setServerFaults({})
      await onSubmit(data)
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.faults.length === 0)
        return failed('Nothing was saved; what you typed is still here.', error)
      const { tree, rest } = placeFaults(error.faults, placeIn(catalogue, entity, mode, data), (parts, detail) =>
        sentence(titleAt(catalogue.entities, entity, parts), detail),
      )
      setServerFaults(tree)
      if (rest.length > 0 || Object.keys(tree).length === 0) failed('Nothing was saved; what you typed is still here.', rest[0] ?? error)
      setFocusFault((count) => count + 1)
    }
  }
  return (
    <FormViewContext value={view}>
      <div ref={box} className="entity-form">
        <ThemedForm
          id={formId}
          schema={schema}
          uiSchema={uiSchema}
          validator={validator}
          initialFormData={initial}
          onChange={changed}
          onSubmit={(event) => void submit(event)}
          noHtml5Validate
          showErrorList={false}
          liveValidate="onChange"
          extraErrors={serverFaults as ErrorSchema}
          idPrefix="root"
          onError={() => {
            setSubmits((count) => count + 1)
            setFocusFault((count) => count + 1)
          }}
        >
          {children ?? <></>}
        </ThemedForm>
      </div>
    </FormViewContext>
  )
}

/** The title of the field that a pointer names, also inside lines. */
function titleAt(entities: Readonly<Record<string, Entity>>, entity: Entity, [name, , ...inside]: readonly string[]): string {
  const field = entity.fields.find((each) => each.name === name)
  const line = field?.lines ? entities[field.lines.entity] : undefined
  return line && inside.length > 0 ? titleAt(entities, line, inside) : (field?.title ?? entity.title)
}
