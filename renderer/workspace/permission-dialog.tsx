import { useMemo, useState } from 'react'
import { useCatalogue, type Entity } from '../api/catalogue.ts'
import { ApiProblem, problemText } from '../api/problem.ts'
import {
  previewPermission,
  putPermission,
  type Condition,
  type PermissionNode,
  type RolePreview,
  type RoleView,
  type Scope,
} from '../api/roles.ts'
import { ExpressionInput } from '../expression/expression-input.tsx'
import { contextOf } from '../model/names.ts'
import { Dialog } from '../shell/dialog.tsx'
import { Tick } from '../shell/form-dialog.tsx'
import { toast } from '../shell/toast.tsx'
import { draftOf, grantable, nodeOf, type Draft, type Grants } from './permission-node.ts'
import { PreviewOfChange } from './role-preview.tsx'

interface Props {
  readonly role: RoleView
  readonly entity: Entity
  readonly scopes: readonly Scope[]
  readonly onClose: () => void
}

/** What one role may do with one kind of record. Before it is saved it can be seen for whom what would change. */
export function PermissionDialog({ role, entity, scopes, onClose }: Props) {
  const said = role.permissions[entity.id]
  const before = said?.tenant ?? said?.module ?? null
  const [draft, setDraft] = useState<Draft>(() => draftOf(before))
  const [preview, setPreview] = useState<RolePreview | null>(null)
  const [fault, setFault] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const path = `${entity.module}/${entity.plural}`
  const change = (next: Partial<Draft>): void => {
    setDraft({ ...draft, ...next })
    setPreview(null)
  }
  const run = (work: () => Promise<void>): void => {
    setBusy(true)
    setFault(null)
    work()
      .catch(setFault)
      .finally(() => setBusy(false))
  }
  /** A role of a module that is given nothing is told so; one of the workspace's own just has nothing. */
  const node = nodeOf(draft, before)
  const asked: PermissionNode | null = node ?? (said?.module ? { scope: scopes[0]?.id ?? 'all', read: false } : null)
  const isUntouched = JSON.stringify(node) === JSON.stringify(nodeOf(draftOf(before), before))
  const nothingToTake = asked === null && said?.tenant == null
  const save = (wish: PermissionNode | null): void =>
    run(async () => {
      await putPermission(role, path, wish)
      toast(`${role.title} was changed. It holds from the next request on.`)
      onClose()
    })
  const transitions = entity.lifecycles.flatMap((lifecycle) => lifecycle.transitions)
  return (
    <Dialog title={`${role.title}: ${entity.pluralTitle}`} size={760} onClose={onClose}>
      <div className="permission">
        {said?.faults?.map(({ pointer, detail }) => (
          <p key={pointer} className="fault">
            {pointer} {detail}: it is refused.
          </p>
        ))}
        <fieldset className="labelled">
          <legend className="label">Which records</legend>
          <div className="permission-scopes">
            {scopes.map(({ id, title }) => (
              <Tick
                key={id}
                label={title}
                checked={draft.scopes.includes(id)}
                onChange={(checked) => change({ scopes: checked ? [...draft.scopes, id] : draft.scopes.filter((each) => each !== id) })}
              />
            ))}
          </div>
        </fieldset>
        <GrantList
          title="What it may do with them"
          entity={entity}
          names={[...grantable.map((name) => [name, words[name]] as const), ...extra(draft.grants)]}
          grants={draft.grants}
          onChange={(grants) => change({ grants })}
        />
        {transitions.length > 0 && (
          <GrantList
            title="Which steps it may take"
            entity={entity}
            names={transitions.map(({ name, title }) => [name, title] as const)}
            grants={draft.transitions}
            onChange={(next) => change({ transitions: next })}
          />
        )}
        <FieldList entity={entity} draft={draft} onChange={change} />
        {fault !== null && <Faults error={fault} />}
        {preview && <PreviewOfChange preview={preview} />}
        <div className="form-dialog-foot">
          {said?.tenant != null && !role.own && (
            <button className="btn form quiet" type="button" disabled={busy} onClick={() => save(null)}>
              As the module says
            </button>
          )}
          <button
            className="btn form"
            type="button"
            disabled={busy || isUntouched || nothingToTake}
            onClick={() => run(async () => setPreview(await previewPermission(role, path, asked)))}
          >
            Show what changes
          </button>
          <button className="btn form primary" type="button" disabled={busy || isUntouched || nothingToTake} onClick={() => save(asked)}>
            Save
          </button>
        </div>
      </div>
    </Dialog>
  )
}

const words: Readonly<Record<(typeof grantable)[number], string>> = {
  read: 'Read',
  create: 'Create',
  update: 'Change',
  delete: 'Delete',
  restore: 'Restore',
  export: 'Export',
  import: 'Import',
  share: 'Share',
  ai: 'Ask AI about',
}
/** Where reading is told in parts. */
const extra = (grants: Grants): readonly (readonly [string, string])[] =>
  Object.keys(grants)
    .filter((name) => !(name in words))
    .map((name) => [name, `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`] as const)

const Faults = ({ error }: { readonly error: unknown }) => (
  <div role="alert">
    {error instanceof ApiProblem && error.faults.length > 0 ? (
      error.faults.map(({ pointer, detail }) => (
        <p key={`${pointer} ${detail}`} className="fault">
          {pointer.slice(1).replaceAll('/', ', ')} {detail}
        </p>
      ))
    ) : (
      <p className="fault">{problemText(error)}</p>
    )}
  </div>
)

type Way = 'no' | 'yes' | 'where'
const wayOf = (value: Condition): Way => (typeof value === 'string' ? 'where' : value ? 'yes' : 'no')
const ways: readonly (readonly [Way, string])[] = [
  ['no', 'No'],
  ['yes', 'Yes'],
  ['where', 'Where'],
]

function GrantList({
  title,
  entity,
  names,
  grants,
  onChange,
}: {
  readonly title: string
  readonly entity: Entity
  readonly names: readonly (readonly [name: string, title: string])[]
  readonly grants: Grants
  readonly onChange: (grants: Grants) => void
}) {
  return (
    <fieldset className="labelled">
      <legend className="label">{title}</legend>
      {names.map(([name, label]) => {
        const value = grants[name] ?? false
        return (
          <div key={name} className="permission-row">
            <span>{label}</span>
            <div className="segments" role="radiogroup" aria-label={label}>
              {ways.map(([way, text]) => (
                <button
                  key={way}
                  type="button"
                  role="radio"
                  className="segment"
                  aria-checked={wayOf(value) === way}
                  onClick={() =>
                    onChange({ ...grants, [name]: way === 'where' ? (typeof value === 'string' ? value : '') : way === 'yes' })
                  }
                >
                  {text}
                </button>
              ))}
            </div>
            {typeof value === 'string' && (
              <Where label={`${label} where`} entity={entity} text={value} onText={(text) => onChange({ ...grants, [name]: text })} />
            )}
          </div>
        )
      })}
    </fieldset>
  )
}

/** A condition over the record, completed and checked as it is typed. */
function Where({
  label,
  entity,
  text,
  onText,
}: {
  readonly label: string
  readonly entity: Entity
  readonly text: string
  readonly onText: (text: string) => void
}) {
  const catalogue = useCatalogue()
  const context = useMemo(() => contextOf(catalogue, entity.id), [catalogue, entity.id])
  return (
    <div className="permission-where">
      <ExpressionInput
        label={label}
        context={context}
        expected={{ kind: 'boolean' }}
        text={text}
        onText={onText}
        onApply={() => undefined}
        onCancel={() => undefined}
        inline
        control={{
          id: `${entity.id} ${label}`,
          autoFocus: false,
          required: true,
          describedBy: undefined,
          invalid: false,
          onBlur: undefined,
        }}
      />
    </div>
  )
}

type FieldWay = 'write' | 'read' | 'where' | 'never'
const fieldWays: readonly (readonly [FieldWay, string])[] = [
  ['write', 'Read and write'],
  ['read', 'Read only'],
  ['where', 'Shown where'],
  ['never', 'Hidden'],
]

/** Only what is out of the ordinary stands in the list; the rest is chosen from below. */
function FieldList({
  entity,
  draft: { hide, readOnly, mask },
  onChange,
}: {
  readonly entity: Entity
  readonly draft: Draft
  readonly onChange: (next: Partial<Draft>) => void
}) {
  const named = [...new Set([...hide, ...readOnly, ...Object.keys(mask)])]
  const titleOf = (name: string): string => entity.fields.find((field) => field.name === name)?.title ?? name
  const wayOfField = (name: string): FieldWay =>
    hide.includes(name) ? 'never' : name in mask ? 'where' : readOnly.includes(name) ? 'read' : 'write'
  const set = (name: string, way: FieldWay): void => {
    const without = (all: readonly string[]): readonly string[] => all.filter((each) => each !== name)
    const { [name]: condition = '', ...others } = mask
    onChange({
      hide: way === 'never' ? [...without(hide), name] : without(hide),
      readOnly: way === 'read' ? [...without(readOnly), name] : without(readOnly),
      mask: way === 'where' ? { ...others, [name]: condition } : others,
    })
  }
  const rest = entity.fields.filter(({ name }) => !named.includes(name))
  return (
    <fieldset className="labelled">
      <legend className="label">Fields that differ</legend>
      {named.map((name) => (
        <div key={name} className="permission-row">
          <span>{titleOf(name)}</span>
          <select
            className="input small"
            aria-label={titleOf(name)}
            value={wayOfField(name)}
            onChange={(event) => set(name, event.currentTarget.value as FieldWay)}
          >
            {fieldWays.map(([way, text]) => (
              <option key={way} value={way}>
                {text}
              </option>
            ))}
          </select>
          {wayOfField(name) === 'where' && (
            <Where
              label={`${titleOf(name)} where`}
              entity={entity}
              text={mask[name] ?? ''}
              onText={(text) => onChange({ mask: { ...mask, [name]: text } })}
            />
          )}
        </div>
      ))}
      <select className="input" aria-label="Add a field" value="" onChange={(event) => set(event.currentTarget.value, 'never')}>
        <option value="">Hide or protect a field …</option>
        {rest.map(({ name, title }) => (
          <option key={name} value={name}>
            {title}
          </option>
        ))}
      </select>
    </fieldset>
  )
}
