import { useProven } from '../account/proof.tsx'
import { endSession, useSessions } from '../api/access.ts'
import { changeWorkspace, useWorkspace, type Workspace } from '../api/workspace.ts'
import { deviceName, placeName } from '../account/device.ts'
import { formatInstant } from '../fields/dates.ts'
import { useLocale } from '../fields/locale.ts'
import { Tick } from '../shell/form-dialog.tsx'
import { SettingsSection } from '../shell/settings.tsx'
import { Failure } from '../shell/states.tsx'
import { failed, toast } from '../shell/toast.tsx'

/** What is asked of everybody who signs in, and who is signed in now. */
export function Security() {
  const { data: workspace, error, refetch } = useWorkspace()
  if (error && !workspace) return <Failure title="The workspace could not be loaded" error={error} onRetry={() => void refetch()} />
  return (
    <>
      {workspace && <Demands workspace={workspace} />}
      <AllSessions />
    </>
  )
}

function Demands({ workspace }: { readonly workspace: Workspace }) {
  const proven = useProven()
  const demand = (change: Partial<Pick<Workspace, 'mfaRequired' | 'ssoOnly'>>): void => {
    proven(() => changeWorkspace(workspace, change)).then(
      () => toast('Saved. Sessions that do not meet it have ended.'),
      (error: unknown) => failed('Nothing was changed', error),
    )
  }
  return (
    <SettingsSection title="What signing in takes">
      <div>
        <Tick
          label="A second factor from everybody"
          help="whoever has none sets one up as they next sign in"
          checked={workspace.mfaRequired}
          onChange={(mfaRequired) => demand({ mfaRequired })}
        />
      </div>
      <div>
        <Tick
          label="The company’s identity provider only"
          help="passwords are refused, but of people marked as break-glass"
          checked={workspace.ssoOnly}
          onChange={(ssoOnly) => demand({ ssoOnly })}
        />
      </div>
    </SettingsSection>
  )
}

function AllSessions() {
  const { data: sessions } = useSessions(null)
  const locale = useLocale()
  const end = (member: string, session: string): void => {
    endSession(member, session).then(
      () => toast('Signed out.'),
      (error: unknown) => failed('Nobody was signed out', error),
    )
  }
  return (
    <SettingsSection title="Sessions" about="Everywhere anybody is signed in to this workspace now.">
      <div className="table-scroll settings-table">
        <table className="table" aria-busy={!sessions}>
          <thead>
            <tr>
              <th>Person</th>
              <th>Device</th>
              <th>Place</th>
              <th>Last used</th>
              <th aria-label="Actions" />
            </tr>
          </thead>
          <tbody>
            {sessions?.map((session) => (
              <tr key={session.id}>
                <td>{session.email}</td>
                <td>{deviceName(session.agent)}</td>
                <td>{placeName(session, locale.locale)}</td>
                <td>{formatInstant(session.lastUsedAt, locale)}</td>
                <td>
                  {session.isThis ? (
                    <span className="muted">This device</span>
                  ) : (
                    <button
                      className="btn quiet"
                      onClick={() => end(session.member, session.id)}
                      aria-label={`Sign out ${session.email} on ${deviceName(session.agent)}`}
                    >
                      Sign out
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </SettingsSection>
  )
}
