import { useState } from 'react'
import {
  endSession,
  endSessions,
  invite,
  putAccess,
  useEffective,
  useSessions,
  withdrawInvitation,
  type EffectiveAction,
  type PersonAccess,
} from '../api/access.ts'
import { entityOf, useCatalogue } from '../api/catalogue.ts'
import { viewAs } from '../api/viewing.ts'
import { deviceName, placeName } from '../account/device.ts'
import { formatInstant } from '../fields/dates.ts'
import { useLocale } from '../fields/locale.ts'
import { Dialog } from '../shell/dialog.tsx'
import { LabelledControl, Tick } from '../shell/form-dialog.tsx'
import { SettingsForm, SettingsRow, SettingsSection } from '../shell/settings.tsx'
import { failed, toast } from '../shell/toast.tsx'
import { problemText, saidOf } from '../api/problem.ts'
import { RolePicks, useRoleTitles } from './role-picks.tsx'

interface Props {
  readonly person: PersonAccess
  readonly name: string
  readonly onClose: () => void
}

/** How one person gets in, where they are in now, and what they may really do. */
export function PersonDialog({ person, name, onClose }: Props) {
  const { me } = useCatalogue()
  const isSelf = me.member === person.member
  return (
    <Dialog title={name} size={760} onClose={onClose}>
      {person.invitation && <InvitationSection person={person} name={name} />}
      <AccessSection key={person.roles.join()} person={person} isSelf={isSelf} />
      <SessionsSection member={person.member} />
      <EffectiveSection person={person} isSelf={isSelf} />
    </Dialog>
  )
}

const report = (work: Promise<void>, said: string, refused: string): void =>
  void work.then(
    () => toast(said),
    (error: unknown) => failed(refused, error),
  )

function InvitationSection({ person: { member, roles, invitation }, name }: Omit<Props, 'onClose'>) {
  const locale = useLocale()
  const { email, invitedAt, expiresAt, isOver } = invitation!
  const again = (): void =>
    report(invite({ name, email, roles }), `Another invitation is on its way to ${email}.`, 'No invitation was sent')
  return (
    <SettingsSection title="Invitation">
      <SettingsRow
        name={isOver ? 'Is over' : 'Waits for an answer'}
        actions={
          <>
            <button className="btn form" onClick={again}>
              Send again
            </button>
            <button
              className="btn form danger-btn"
              onClick={() => report(withdrawInvitation(member), 'The invitation works no more.', 'The invitation could not be withdrawn')}
            >
              Withdraw
            </button>
          </>
        }
      >
        {email}
        <span className="muted">
          {' '}
          · sent {formatInstant(invitedAt, locale)}, holds until {formatInstant(expiresAt, locale)}
        </span>
      </SettingsRow>
    </SettingsSection>
  )
}

function AccessSection({ person, isSelf }: { readonly person: PersonAccess; readonly isSelf: boolean }) {
  const [email, setEmail] = useState(person.email ?? '')
  const [roles, setRoles] = useState(person.roles)
  const [breakGlass, setBreakGlass] = useState(person.breakGlass)
  const [fault, setFault] = useState<unknown>(null)
  const isSame =
    email.trim() === (person.email ?? '') && breakGlass === person.breakGlass && roles.toSorted().join() === person.roles.toSorted().join()
  const save = async (): Promise<void> => {
    setFault(null)
    try {
      await putAccess(person.member, { email: email.trim() || null, roles, breakGlass })
    } catch (error) {
      setFault(error)
      throw error
    }
    toast('Saved. It holds from their next request on.')
  }
  return (
    <SettingsSection
      title="Access"
      about={
        isSelf ? 'Another administrator must take your own administration away.' : 'Without an address nobody signs in as this person.'
      }
    >
      <SettingsForm submit="Save" ready={!isSame} onSubmit={save} sayOf={problemText}>
        <div className="person-access">
          <LabelledControl label="Signs in as" fault={saidOf(fault, 'email')}>
            <input
              className="input"
              type="email"
              placeholder="Cannot sign in"
              value={email}
              onChange={(event) => setEmail(event.currentTarget.value)}
            />
          </LabelledControl>
          <RolePicks chosen={roles} fault={saidOf(fault, 'roles')} onChange={setRoles} />
          <Tick
            label="Break-glass"
            help="signs in by password where everybody else must come by the company’s identity provider"
            checked={breakGlass}
            onChange={setBreakGlass}
          />
        </div>
      </SettingsForm>
    </SettingsSection>
  )
}

function SessionsSection({ member }: { readonly member: string }) {
  const { data: sessions } = useSessions(member)
  const locale = useLocale()
  return (
    <SettingsSection
      title="Sessions"
      actions={
        sessions &&
        sessions.length > 0 && (
          <button className="btn form" onClick={() => report(endSessions(member), 'Signed out everywhere.', 'Nobody was signed out')}>
            Sign out everywhere
          </button>
        )
      }
    >
      {sessions?.length === 0 && <p className="muted">Signed in nowhere.</p>}
      {sessions?.map((session) => (
        <SettingsRow
          key={session.id}
          name={deviceName(session.agent)}
          actions={
            session.isThis ? (
              <span className="muted">This device</span>
            ) : (
              <button
                className="btn quiet"
                onClick={() => report(endSession(member, session.id), 'Signed out.', 'Nobody was signed out')}
                aria-label={`Sign out ${deviceName(session.agent)}`}
              >
                Sign out
              </button>
            )
          }
        >
          {[placeName(session, locale.locale), `last used ${formatInstant(session.lastUsedAt, locale)}`, methodsOf(session.methods)]
            .filter((part) => part !== '')
            .join(' · ')}
        </SettingsRow>
      ))}
    </SettingsSection>
  )
}

const methodNames: Readonly<Record<string, string>> = {
  pwd: 'password',
  otp: 'code',
  passkey: 'passkey',
  recovery: 'recovery code',
  sso: 'company',
}
const methodsOf = (methods: readonly string[]): string => methods.flatMap((each) => methodNames[each] ?? []).join(' and ')

/** All roles together, told from what requests are judged by. */
function EffectiveSection({ person, isSelf }: { readonly person: PersonAccess; readonly isSelf: boolean }) {
  const catalogue = useCatalogue()
  const { data: effective } = useEffective(person.member)
  const roleTitle = useRoleTitles()
  const look = (): void => {
    viewAs(person.member).catch((error: unknown) => failed('You cannot look as this person', error))
  }
  return (
    <SettingsSection
      title="What they may do"
      about="All of their roles together, as requests of theirs are judged. What stands nowhere is refused."
      actions={
        !isSelf && (
          <button className="btn form" onClick={look}>
            View as this person
          </button>
        )
      }
    >
      {effective?.entities.length === 0 && <p className="muted">Nothing.</p>}
      <div className="table-scroll settings-table">
        <table className="table effective">
          <tbody>
            {effective?.entities.map(({ entity, actions, hidden, masked, readOnly }) => (
              <tr key={entity}>
                <th scope="row">{entityOf(catalogue, entity)?.pluralTitle ?? entity}</th>
                <td>
                  {Object.entries(actions).map(([action, allowed]) => (
                    <span key={action} className="chip-plain" title={reasonOf(allowed, roleTitle)} data-some={!allowed.all || undefined}>
                      {action}
                      {allowed.all ? '' : ' some'}
                    </span>
                  ))}
                  <div className="caption faint">
                    {[
                      ...(hidden.length > 0 ? [`never sees ${hidden.join(', ')}`] : []),
                      ...(masked.length > 0 ? [`sees ${masked.join(', ')} in some records`] : []),
                      ...(readOnly.length > 0 ? [`does not change ${readOnly.join(', ')}`] : []),
                    ].join(' · ')}
                  </div>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </SettingsSection>
  )
}

/** “Sales rep: own, shared”. */
const reasonOf = ({ by }: EffectiveAction, roleTitle: (id: string) => string): string =>
  by
    .map(({ role, rows, conditional }) => `${roleTitle(role)}: ${rows.join(', ') || 'new records'}${conditional ? ', on a condition' : ''}`)
    .join('\n')
