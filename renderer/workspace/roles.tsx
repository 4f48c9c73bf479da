import { IconPencil } from '@tabler/icons-react'
import { Fragment, useState } from 'react'
import { administrator } from '../../engine/catalogue/types.ts'
import { useRoles } from '../api/access.ts'
import { useCatalogue, type Entity } from '../api/catalogue.ts'
import { defineRole, removeRole, useRoleViews, useScopes, type RoleView } from '../api/roles.ts'
import { FormDialog, LabelledControl } from '../shell/form-dialog.tsx'
import { SettingsSection } from '../shell/settings.tsx'
import { Failure } from '../shell/states.tsx'
import { toast } from '../shell/toast.tsx'
import { PermissionDialog } from './permission-dialog.tsx'
import { grantsOf, scopesIn } from './permission-node.ts'

/** What each role may do with each kind of record, at a glance; a cell opens to be read and changed. */
export function Roles() {
  const catalogue = useCatalogue()
  const { data: roles, error, refetch } = useRoles()
  const { data: scopes } = useScopes()
  const ids = (roles ?? []).map(({ id }) => id).filter((id) => id !== administrator)
  const views = useRoleViews(ids).flatMap((view) => view ?? [])
  const [opened, setOpened] = useState<{ readonly role: string; readonly entity: Entity } | null>(null)
  const [isDefining, setDefining] = useState(false)
  const [edited, setEdited] = useState<RoleView | null>(null)
  if (error && !roles) return <Failure title="The roles could not be loaded" error={error} onRetry={() => void refetch()} />
  const entities = Object.values(catalogue.entities).filter(({ id, parent, path }) => parent === null && path !== null && scopes?.[id])
  const byModule = Map.groupBy(entities, ({ module }) => module)
  const moduleTitle = (id: string): string => catalogue.modules.find((module) => module.id === id)?.title ?? id
  const role = views.find(({ id }) => id === opened?.role)
  return (
    <SettingsSection
      title="Roles"
      about="What stands nowhere is refused, and several roles add up. Administrators may do everything, so they stand in no column. A dot marks what this workspace says in place of the module."
      actions={
        <button className="btn primary form" onClick={() => setDefining(true)}>
          New role
        </button>
      }
    >
      <div className="table-scroll settings-table">
        <table className="table matrix" aria-busy={views.length < ids.length}>
          <thead>
            <tr>
              <td aria-label="Records" />
              {views.map((view) => (
                <th key={view.id} scope="col">
                  {view.own ? (
                    <button className="link" onClick={() => setEdited(view)} aria-label={`Edit ${view.title}`}>
                      {view.title} <IconPencil size={12} stroke={1.5} aria-hidden />
                    </button>
                  ) : (
                    view.title
                  )}
                  <div className="caption faint">{view.people === 1 ? '1 person' : `${view.people} people`}</div>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {[...byModule].map(([module, here]) => (
              <Fragment key={module}>
                <tr className="matrix-module">
                  <th scope="rowgroup" colSpan={views.length + 1}>
                    {moduleTitle(module)}
                  </th>
                </tr>
                {here.map((entity) => (
                  <tr key={entity.id}>
                    <th scope="row">{entity.pluralTitle}</th>
                    {views.map((view) => (
                      <td key={view.id}>
                        <Cell view={view} entity={entity} onOpen={() => setOpened({ role: view.id, entity })} />
                      </td>
                    ))}
                  </tr>
                ))}
              </Fragment>
            ))}
          </tbody>
        </table>
      </div>
      {opened && role && (
        <PermissionDialog role={role} entity={opened.entity} scopes={scopes?.[opened.entity.id] ?? []} onClose={() => setOpened(null)} />
      )}
      {isDefining && <RoleDialog view={null} onClose={() => setDefining(false)} />}
      {edited && <RoleDialog view={edited} onClose={() => setEdited(null)} />}
    </SettingsSection>
  )
}

const letters: readonly (readonly [grant: string, letter: string])[] = [
  ['read', 'R'],
  ['create', 'C'],
  ['update', 'U'],
  ['delete', 'D'],
]

function Cell({ view, entity, onOpen }: { readonly view: RoleView; readonly entity: Entity; readonly onOpen: () => void }) {
  const said = view.permissions[entity.id]
  const node = said?.tenant ?? said?.module ?? null
  const grants = grantsOf(node)
  const isOwn = said?.tenant != null && !view.own
  const words = node
    ? `${scopesIn(node).join(', ')}: ${letters
        .filter(([name]) => grants[name] !== false)
        .map(([name]) => name)
        .join(', ')}`
    : 'nothing'
  return (
    <button className="matrix-cell" onClick={onOpen} aria-label={`${view.title}: ${entity.pluralTitle}, ${words}`} title={words}>
      {node ? (
        <>
          <span className="matrix-letters" aria-hidden>
            {letters.map(([name, letter]) => (
              <span key={name} data-grant={typeof grants[name] === 'string' ? 'some' : grants[name] === true ? 'all' : 'none'}>
                {letter}
              </span>
            ))}
          </span>
          <span className="caption faint">{scopesIn(node).join(', ')}</span>
        </>
      ) : (
        <span className="faint" aria-hidden>
          –
        </span>
      )}
      {isOwn && <span className="matrix-dot" aria-hidden />}
      {said?.faults && <span className="caption fault">faulty</span>}
    </button>
  )
}

/** A role of the workspace's own; `view` null: a new one. */
function RoleDialog({ view, onClose }: { readonly view: RoleView | null; readonly onClose: () => void }) {
  const [title, setTitle] = useState(view?.title ?? '')
  const [isRemoving, setRemoving] = useState(false)
  const id =
    view?.id ??
    `tenant.${title
      .trim()
      .toLowerCase()
      .normalize('NFKD')
      .replaceAll(/[^a-z0-9]+/g, '_')
      .replaceAll(/^_+|_+$/g, '')}`
  if (view && isRemoving)
    return (
      <FormDialog
        title={`Remove ${view.title}`}
        about={view.people === 0 ? 'Nobody has it.' : `${view.people} people have it, and lose what it gave them at once.`}
        submit="Remove"
        danger
        onClose={onClose}
        onSubmit={async () => {
          await removeRole(view)
          toast(`${view.title} was removed.`)
          onClose()
        }}
      />
    )
  return (
    <FormDialog
      title={view ? view.title : 'New role'}
      about={view ? undefined : 'It begins with nothing: open its cells to give it something.'}
      submit="Save"
      ready={title.trim() !== ''}
      onClose={onClose}
      onSubmit={async () => {
        await defineRole(id, title.trim())
        onClose()
      }}
    >
      {(told) => (
        <>
          <LabelledControl label="Title" help={id} fault={told('title')}>
            <input className="input" autoFocus value={title} onChange={(event) => setTitle(event.currentTarget.value)} />
          </LabelledControl>
          {view && (
            <div>
              <button className="btn form danger-btn" type="button" onClick={() => setRemoving(true)}>
                Remove this role
              </button>
            </div>
          )}
        </>
      )}
    </FormDialog>
  )
}
