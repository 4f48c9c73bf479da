import type { IChangeEvent } from '@rjsf/core'
import type { ErrorSchema } from '@rjsf/utils'
import { useCallback, useEffect, useId, useMemo, useRef, useState, type ReactNode } from 'react'
import { useCatalogue, type Entity } from '../api/catalogue.ts'
import { ApiProblem } from '../api/problem.ts'
import { tryForm, type RecordData } from '../api/records.ts'
import type { FaultTree } from '../fields/type.ts'
import { LimitContext, type LimitFor } from '../fields/parts.ts'
import { Warning } from '../fields/told.tsx'
import { useLatest } from '../model/latest.ts'
import { limitOf } from '../model/limit.ts'
import { formLogic } from '../model/logic.ts'
import { whenReleased } from '../model/pointer.ts'
import { provideLogic, useFormLogic, type TryOut } from '../model/use-logic.ts'
import { failed } from '../shell/toast.tsx'
import { createBody, patchBody, placeIn, type FormData } from './body.ts'
import './form.css'
import { LogicContext, type FormLogicView } from './logic-context.ts'
import { merged, placeFaults, treeOf, withoutFault } from './problems.ts'
import { formFields, formSchema, type Mode } from './schema.ts'
import { soundPart } from './sound-part.ts'
import { FormViewContext, ThemedForm, type FormView } from './theme.tsx'
import { checkForm, createValidator } from './validator.ts'
import { sentence } from './words.ts'

// A form never shows for a moment what expressions put away: they come with it.
provideLogic({ formLogic, limitOf })

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
  focusAt,
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
  /** Typing can begin at once: in this field; '': in the first empty one. */
  readonly focusAt?: string | undefined
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
  const [data, setData] = useState(initial)
  const tryOut = useMemo<TryOut>(
    () => (values, wantsValues) => {
      const faults = checkForm(catalogue, entity, mode, record, values)
      const { data: sound, isWhole } = soundPart(values, faults, record)
      const body = record ? patchBody(catalogue, entity, record, sound) : createBody(catalogue, entity, sound)
      const asked = { entity, seen: record ?? null, body, isFinished: faults.length === 0, wantsValues }
      return { isWhole, ask: (signal) => tryForm(asked, signal) }
    },
    [catalogue, entity, mode, record],
  )
  // While it is saved, what would come of it is no question any more: the answer would be of another version.
  const live = useFormLogic(entity, record ?? null, data, busy ? undefined : tryOut)
  const ruled = useLatest(live.faults)
  const logic = useMemo<FormLogicView>(() => {
    const remote = placeFaults(live.remote, placeIn(catalogue, entity, mode, data), (parts, detail) =>
      sentence(titleAt(catalogue.entities, entity, parts), detail),
    )
    return {
      entity,
      record,
      document: live.document,
      lines: live.lines,
      faults: merged(treeOf(live.faults), remote.tree) ?? {},
      warnings: treeOf(live.warnings),
    }
  }, [catalogue, entity, mode, record, data, live])
  const limitFor = useMemo<LimitFor>(() => {
    const { limit } = live
    return (field, row) => limit(typeof row?.['id'] === 'string' && row['id'] !== record?.id ? row['id'] : null, field)
  }, [live, record])
  // A fault must never hide in a field that the short form leaves out, nor a field that is now demanded.
  const visible = useMemo(() => {
    if (only === null) return all
    const told = submits > 0 ? live.faults.map(({ path }) => path[0] ?? '') : []
    return new Set([...only, ...Object.keys(serverFaults), ...live.document.required, ...told])
  }, [only, all, serverFaults, live, submits])
  // What a rule says of the whole, or of what has no place here.
  const atLarge = (messages: typeof live.faults) => messages.filter(({ path }) => !visible.has(path[0] ?? '')).map(({ detail }) => detail)

  useEffect(() => {
    if (focusAt === undefined) return undefined
    // The dialog's focus trap takes the first thing it finds, a moment after mounting; typing should begin in the first empty field.
    const timer = setTimeout(() => {
      const at = focusAt === '' ? '[data-field]' : `[data-field="${CSS.escape(focusAt)}"]`
      const places = [...(box.current?.querySelectorAll<HTMLElement>(`${at} :is(input, textarea, .picker-face)`) ?? [])]
      ;(places.find((place) => !(place instanceof HTMLInputElement && place.value !== '')) ?? places[0])?.focus()
    }, 30)
    return () => clearTimeout(timer)
  }, [focusAt])

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

  const onTyped = useCallback((name: string, fault: string | null): void => {
    if (fault === null) typed.current.delete(name)
    else typed.current.set(name, fault)
  }, [])
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
      onTouch: (name) => whenReleased(() => setTouched((old) => (old.has(name) ? old : new Set(old).add(name)))),
      onTyped,
    }),
    [id, entity, mode, record, visible, only, touched, submits, onTyped],
  )

  const changed = (event: IChangeEvent, changedId?: string): void => {
    const values = (event.formData ?? {}) as FormData
    const name = changedId?.replace(/^root_/, '')
    if (name !== undefined && serverFaults[name] !== undefined) setServerFaults(withoutFault(serverFaults, name))
    setData(values)
    onChange(values)
  }
  const submit = async (event: IChangeEvent): Promise<void> => {
    const values = (event.formData ?? {}) as FormData
    setSubmits((count) => count + 1)
    if (typed.current.size > 0 || ruled.current.length > 0) return setFocusFault((count) => count + 1)
    if (busy) return
    try {
      setServerFaults({})
      await onSubmit(values)
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.faults.length === 0)
        return failed('Nothing was saved; what you typed is still here.', error)
      const { tree, rest } = placeFaults(error.faults, placeIn(catalogue, entity, mode, values), (parts, detail) =>
        sentence(titleAt(catalogue.entities, entity, parts), detail),
      )
      setServerFaults(tree)
      if (rest.length > 0 || Object.keys(tree).length === 0) failed('Nothing was saved; what you typed is still here.', rest[0] ?? error)
      setFocusFault((count) => count + 1)
    }
  }
  return (
    <FormViewContext value={view}>
      <LogicContext value={logic}>
        <LimitContext value={limitFor}>
          <div ref={box} className="entity-form">
            <Told faults={submits > 0 ? atLarge(live.faults) : []} warnings={atLarge(live.warnings)} />
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
        </LimitContext>
      </LogicContext>
    </FormViewContext>
  )
}

const Told = ({ faults, warnings }: { readonly faults: readonly string[]; readonly warnings: readonly string[] }) =>
  faults.length + warnings.length > 0 && (
    <div className="form-told" role="status">
      {faults.map((detail) => (
        <p key={detail} className="field-fault" data-invalid>
          {detail}
        </p>
      ))}
      {warnings.map((detail) => (
        <Warning key={detail}>{detail}</Warning>
      ))}
    </div>
  )

/** The title of the field that a pointer names, also inside lines. */
function titleAt(entities: Readonly<Record<string, Entity>>, entity: Entity, [name, , ...inside]: readonly string[]): string {
  const field = entity.fields.find((each) => each.name === name)
  const line = field?.lines ? entities[field.lines.entity] : undefined
  return line && inside.length > 0 ? titleAt(entities, line, inside) : (field?.title ?? entity.title)
}
