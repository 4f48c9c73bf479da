import { useState } from 'react'
import { core } from '../../engine/expressions/core.ts'
import { invite, usePeople, type PersonAccess } from '../api/access.ts'
import { useTitles } from '../api/titles.ts'
import { formatInstant } from '../fields/dates.ts'
import { useLocale } from '../fields/locale.ts'
import { FormDialog, LabelledControl } from '../shell/form-dialog.tsx'
import { SettingsSection } from '../shell/settings.tsx'
import { Failure } from '../shell/states.tsx'
import { toast } from '../shell/toast.tsx'
import { PersonDialog } from './person.tsx'
import { RolePicks, useRoleTitles } from './role-picks.tsx'

/** Everybody who can sign in, is invited, or has a role. */
export function People() {
  const { data: people, error, refetch } = usePeople()
  const titles = useTitles((people ?? []).map(({ member }) => ({ entity: core.member, id: member })))
  const titleOf = useRoleTitles()
  const locale = useLocale()
  const [search, setSearch] = useState('')
  const [isInviting, setInviting] = useState(false)
  const [opened, setOpened] = useState<string | null>(null)
  if (error && !people) return <Failure title="The people could not be loaded" error={error} onRetry={() => void refetch()} />
  const named = (people ?? []).map((person, index) => ({ person, name: titles[index] ?? '' }))
  const wanted = search.trim().toLowerCase()
  const shown = named
    .filter(({ person, name }) => `${name} ${person.email ?? ''} ${person.roles.map(titleOf).join(' ')}`.toLowerCase().includes(wanted))
    .toSorted((a, b) => a.name.localeCompare(b.name))
  const current = named.find(({ person }) => person.member === opened)
  return (
    <SettingsSection
      title="People and access"
      about="Everybody who can sign in or has a role. Their teams and managers are in the people’s own records."
      actions={
        <button className="btn primary form" onClick={() => setInviting(true)}>
          Invite
        </button>
      }
    >
      <div className="settings-tools">
        <input
          className="input"
          type="search"
          aria-label="Search people"
          placeholder="Name, e-mail or role"
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
      </div>
      <div className="table-scroll settings-table">
        <table className="table" aria-busy={!people}>
          <thead>
            <tr>
              <th>Person</th>
              <th>Roles</th>
              <th>Second factor</th>
              <th>Last used</th>
              <th>State</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ person, name }) => (
              <tr key={person.member}>
                <td>
                  <button className="link" onClick={() => setOpened(person.member)}>
                    {name || 'Unnamed'}
                  </button>
                  <div className="caption faint">{person.email ?? person.invitation?.email ?? 'cannot sign in'}</div>
                </td>
                <td title={person.roles.map(titleOf).join(', ')}>
                  {person.roles.map((role) => (
                    <span key={role} className="chip-plain">
                      {titleOf(role)}
                    </span>
                  ))}
                </td>
                <td>{person.email === null ? '' : person.hasSecondFactor ? 'Yes' : <span className="muted">No</span>}</td>
                <td>{person.lastUsedAt === null ? <span className="muted">Never</span> : formatInstant(person.lastUsedAt, locale)}</td>
                <td>{stateOf(person)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {people && shown.length === 0 && <p className="muted settings-none">Nobody is called that.</p>}
      </div>
      {isInviting && <InviteDialog onClose={() => setInviting(false)} />}
      {current && <PersonDialog {...current} onClose={() => setOpened(null)} />}
    </SettingsSection>
  )
}

function stateOf({ email, suspended, invitation, breakGlass }: PersonAccess): string {
  if (suspended) return 'Suspended'
  if (invitation) return invitation.isOver ? 'Invitation is over' : 'Invited'
  if (email === null) return 'Cannot sign in'
  return breakGlass ? 'Break-glass' : 'Active'
}

function InviteDialog({ onClose }: { readonly onClose: () => void }) {
  const [name, setName] = useState('')
  const [email, setEmail] = useState('')
  const [roles, setRoles] = useState<readonly string[]>([])
  const submit = async (): Promise<void> => {
    await invite({ name: name.trim(), email: email.trim(), roles })
    toast(`An invitation is on its way to ${email.trim()}.`)
    onClose()
  }
  return (
    <FormDialog
      title="Invite somebody"
      about="They get a letter with a link, choose how they sign in, and are in. The link holds for seven days."
      submit="Send the invitation"
      ready={name.trim() !== '' && email.trim() !== ''}
      onSubmit={submit}
      onClose={onClose}
    >
      {(told) => (
        <>
          <LabelledControl label="Name" fault={told('name')}>
            <input className="input" autoFocus value={name} onChange={(event) => setName(event.currentTarget.value)} />
          </LabelledControl>
          <LabelledControl label="E-mail" fault={told('email')}>
            <input className="input" type="email" value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
          </LabelledControl>
          <RolePicks chosen={roles} fault={told('roles')} onChange={setRoles} />
        </>
      )}
    </FormDialog>
  )
}
