import { IconChevronDown, IconChevronRight } from '@tabler/icons-react'
import { useMemo, useRef, useState } from 'react'
import { fieldOf, isLines, type Entity, type Field } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import { Show } from '../fields/field.tsx'
import { kindOf } from '../fields/registry.ts'
import { LimitContext } from '../fields/parts.ts'
import { isEmpty, isMasked } from '../fields/type.ts'
import { mayWith } from '../model/editable.ts'
import { sectionsOf, systemFields } from '../model/entity.ts'
import { shownOf, useFormLogic } from '../model/use-logic.ts'
import { Property } from './property.tsx'
import type { useFieldSaver } from './use-record-actions.ts'

type Saver = ReturnType<typeof useFieldSaver>

/** The fields of a record in their sections; empty ones are folded away until asked for. */
export function Details({ entity, record, saver }: { readonly entity: Entity; readonly record: RecordData; readonly saver: Saver }) {
  const [showEmpty, setShowEmpty] = useState(false)
  // What stands in an editor counts already: what follows from it is shown beside it.
  const [typed, setTyped] = useState<Readonly<Record<string, unknown>>>({})
  const saving = useRef(new Set<string>())
  // How often an editor was closed because its value was saved with another's.
  const [closed, setClosed] = useState<Readonly<Record<string, number>>>({})
  const data = useMemo(() => ({ ...record, ...typed }), [record, typed])
  const logic = useFormLogic(entity, record, data)
  const shownRecord = shownOf(data as RecordData, logic.document)
  const hiddenNow = new Set(logic.document.hidden)
  const told = (messages: typeof logic.faults, name: string): string | undefined =>
    messages.find(({ path }) => path.length === 1 && path[0] === name)?.detail.replace(/\.$/, '')
  const isRefused = (name: string): boolean =>
    Object.hasOwn(typed, name) &&
    logic.faults.length > 0 &&
    (Object.keys(typed).length === 1 || logic.judge({ ...record, [name]: typed[name] }).length > 0)
  const about = (name: string) => ({
    value: Object.hasOwn(typed, name) ? record[name] : shownRecord[name],
    required: logic.document.required.includes(name),
    causes: logic.document.locked[name],
    // Whatever a rule says while one value is typed, it says of that, even where its message belongs to another field.
    ruled: isRefused(name) ? (told(logic.faults, name) ?? logic.faults[0]?.detail) : undefined,
    warning: Object.hasOwn(typed, name) ? (told(logic.warnings, name) ?? logic.warnings[0]?.detail) : undefined,
    onTyping: (value: unknown) => setTyped((old) => (value === undefined ? without(old, [name]) : { ...old, [name]: value })),
  })
  /** By name, what rules refused and still stands in its editor. */
  const waiting = (beside: string): Readonly<Record<string, unknown>> =>
    Object.fromEntries(Object.entries(typed).filter(([name]) => name !== beside && !saving.current.has(name)))
  // Together with what rules refused before it can be what they ask for; if not, it is saved by itself.
  const save = async (field: Field, value: unknown): Promise<boolean> => {
    const others = waiting(field.name)
    const along = logic.judge({ ...record, ...others, [field.name]: value ?? null }).length === 0 ? others : {}
    const names = [field.name, ...Object.keys(along)]
    setKept((old) => new Set([...old, ...names]))
    for (const name of names) saving.current.add(name)
    const isSaved = await saver.save(field, value, { along })
    for (const name of names) saving.current.delete(name)
    if (isSaved && names.length > 1) {
      setTyped((old) => without(old, names))
      setClosed((old) => ({ ...old, ...Object.fromEntries(Object.keys(along).map((name) => [name, (old[name] ?? 0) + 1])) }))
    }
    return isSaved
  }
  const live = entity.display.editMode === 'live' && mayWith(entity, record, 'update')
  const used = (name: string): boolean => name !== entity.titleField
  const sections = sectionsOf(entity, (field) => used(field.name) && !hiddenNow.has(field.name) && !isLines(field))
  // A required field is never folded, nor one that an editor has just emptied while the record stays open.
  const [kept, setKept] = useState<ReadonlySet<string>>(new Set())
  const demanded = new Set(logic.document.required)
  const shown = (name: string, required: boolean): boolean =>
    showEmpty || required || demanded.has(name) || kept.has(name) || !isEmpty(record[name]) || isMasked(record, name)
  const hidden = sections.flatMap((section) => section.fields).filter((field) => !shown(field.name, field.required)).length
  const title = entity.titleField === null ? null : fieldOf(entity, entity.titleField)
  const composedTitle = title !== null && kindOf(title).composed === true
  return (
    <LimitContext value={(field) => logic.limit(null, field)}>
      <div className="details">
        {composedTitle && title && (
          <section className="details-section">
            <Property
              entity={entity}
              field={title}
              record={record}
              {...about(title.name)}
              live={live}
              fault={saver.faults[title.name]}
              onSave={save}
              onClearFault={saver.clearFault}
            />
          </section>
        )}
        {sections.map((section) => {
          const fields = section.fields.filter((field) => shown(field.name, field.required))
          return (
            fields.length > 0 && (
              <Section key={section.title} title={section.title}>
                {fields.map((field) => (
                  <Property
                    key={`${field.id} ${closed[field.name] ?? 0}`}
                    entity={entity}
                    field={field}
                    record={record}
                    {...about(field.name)}
                    live={live}
                    fault={saver.faults[field.name]}
                    onClearFault={saver.clearFault}
                    onSave={save}
                  />
                ))}
              </Section>
            )
          )
        })}
        {(hidden > 0 || showEmpty) && (
          <button className="btn quiet show-empty" onClick={() => setShowEmpty(!showEmpty)} aria-expanded={showEmpty}>
            {showEmpty ? 'Hide empty fields' : `Show ${hidden} empty`}
          </button>
        )}
        <dl className="record-facts">
          {systemFields
            .filter((field) => !isEmpty(record[field.name]))
            .map((field) => (
              <div key={field.name}>
                <dt>{field.title}</dt>
                <dd>
                  <Show field={field} value={record[field.name]} record={record} />
                </dd>
              </div>
            ))}
        </dl>
      </div>
    </LimitContext>
  )
}

const without = (typed: Readonly<Record<string, unknown>>, names: readonly string[]): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(typed).filter(([each]) => !names.includes(each)))

function Section({ title, children }: { readonly title: string; readonly children: React.ReactNode }) {
  const [open, setOpen] = useState(true)
  return (
    <section className="details-section" aria-label={title || undefined}>
      {title !== '' && (
        <button className="details-title" onClick={() => setOpen(!open)} aria-expanded={open}>
          {title}
          {open ? <IconChevronDown size={13} stroke={1.5} aria-hidden /> : <IconChevronRight size={13} stroke={1.5} aria-hidden />}
        </button>
      )}
      {open && children}
    </section>
  )
}
