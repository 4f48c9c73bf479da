import { useState } from 'react'
import { administrator } from '../../engine/catalogue/types.ts'
import { core } from '../../engine/expressions/core.ts'
import { useCatalogue } from '../api/catalogue.ts'
import { createKey, revokeKey, rotateKey, useKeys, type ApiKey } from '../api/keys.ts'
import { useTitles } from '../api/titles.ts'
import { useProven } from '../account/proof.tsx'
import { formatInstant } from '../fields/dates.ts'
import { useLocale } from '../fields/locale.ts'
import { FormDialog, LabelledControl, SecretDialog } from '../shell/form-dialog.tsx'
import { SettingsSection } from '../shell/settings.tsx'
import { Failure } from '../shell/states.tsx'
import { failed, toast } from '../shell/toast.tsx'
import { listed } from './listed.ts'

/** Keys by which programs get in: with one role of a person, and no more than that person has. */
export function Keys() {
  const { data: keys, error, refetch } = useKeys()
  const titles = useTitles((keys ?? []).map(({ member }) => ({ entity: core.member, id: member })))
  const proven = useProven()
  const [isMaking, setMaking] = useState(false)
  const [revoking, setRevoking] = useState<ApiKey | null>(null)
  const [made, setMade] = useState<string | null>(null)
  if (error && !keys) return <Failure title="The keys could not be loaded" error={error} onRetry={() => void refetch()} />
  const rotate = (key: ApiKey): void => {
    proven(() => rotateKey(key.id)).then(setMade, (cause: unknown) => failed('The key was not rotated', cause))
  }
  return (
    <SettingsSection
      title="API keys"
      about="A program signs in with one: Authorization: Bearer. A key has one role of its person and can be limited further; it can never widen itself."
      actions={
        <button className="btn primary form" onClick={() => setMaking(true)}>
          New key
        </button>
      }
    >
      {keys?.length === 0 && <p className="muted settings-none">No keys yet.</p>}
      {keys && keys.length > 0 && (
        <div className="table-scroll settings-table">
          <table className="table">
            <thead>
              <tr>
                <th>Key</th>
                <th>Person and role</th>
                <th>Limited to</th>
                <th>Last used</th>
                <th>Ends</th>
                <th aria-label="Actions" />
              </tr>
            </thead>
            <tbody>
              {keys.map((key, index) => (
                <KeyRow
                  key={key.id}
                  apiKey={key}
                  person={titles[index] ?? ''}
                  onRotate={() => rotate(key)}
                  onRevoke={() => setRevoking(key)}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {isMaking && (
        <KeyDialog
          onClose={() => setMaking(false)}
          onMade={(key) => {
            setMaking(false)
            setMade(key)
          }}
        />
      )}
      {revoking && (
        <FormDialog
          title={`Revoke ${revoking.name}`}
          about="Whatever uses it is refused from its next request on. This cannot be taken back."
          submit="Revoke"
          danger
          onClose={() => setRevoking(null)}
          onSubmit={async () => {
            await revokeKey(revoking.id)
            setRevoking(null)
            toast(`${revoking.name} works no more.`)
          }}
        />
      )}
      {made !== null && (
        <SecretDialog
          title="Your new key"
          about="It is shown only now: we keep a hash of it. Where a key was rotated, the old one works for a day more."
          secret={made}
          onClose={() => setMade(null)}
        />
      )}
    </SettingsSection>
  )
}

function KeyRow({
  apiKey: key,
  person,
  onRotate,
  onRevoke,
}: {
  readonly apiKey: ApiKey
  readonly person: string
  readonly onRotate: () => void
  readonly onRevoke: () => void
}) {
  const locale = useLocale()
  const limited = [...key.scopes, ...key.addresses]
  return (
    <tr>
      <td>
        {key.name}
        <div className="caption faint">{key.prefix}…</div>
      </td>
      <td>
        {person}
        <div className="caption faint">{key.role}</div>
      </td>
      <td title={limited.join(', ')}>{limited.length === 0 ? <span className="muted">its role</span> : limited.join(', ')}</td>
      <td>
        {key.lastUsedAt === null ? <span className="muted">Never</span> : formatInstant(key.lastUsedAt, locale)}
        {key.lastAddress !== null && <div className="caption faint">{key.lastAddress}</div>}
      </td>
      <td>
        {key.expiresAt === null ? 'Never' : formatInstant(key.expiresAt, locale)}
        {key.resting && <div className="caption faint">refused: its person has no such role now</div>}
      </td>
      <td>
        <button className="btn quiet" onClick={onRotate} aria-label={`Rotate ${key.name}`}>
          Rotate
        </button>
        <button className="btn quiet danger-btn" onClick={onRevoke} aria-label={`Revoke ${key.name}`}>
          Revoke
        </button>
      </td>
    </tr>
  )
}

function KeyDialog({ onClose, onMade }: { readonly onClose: () => void; readonly onMade: (key: string) => void }) {
  const { me } = useCatalogue()
  const proven = useProven()
  const [name, setName] = useState('')
  const [role, setRole] = useState(me.roles.find((each) => each !== administrator) ?? me.roles[0] ?? '')
  const [scopes, setScopes] = useState('')
  const [addresses, setAddresses] = useState('')
  const [until, setUntil] = useState('')
  const submit = async (): Promise<void> => {
    const expiresAt = until === '' ? null : new Date(`${until}T23:59:59`).toISOString()
    const wish = { name: name.trim(), member: null, role, scopes: listed(scopes), addresses: listed(addresses), expiresAt }
    onMade(await proven(() => createKey(wish)))
  }
  return (
    <FormDialog title="New key" submit="Make the key" ready={name.trim() !== '' && role !== ''} onSubmit={submit} onClose={onClose}>
      {(told) => (
        <>
          <LabelledControl label="Name" help="What will use it." fault={told('name')}>
            <input className="input" autoFocus value={name} onChange={(event) => setName(event.currentTarget.value)} />
          </LabelledControl>
          <LabelledControl label="Role" help="It acts as you, with this one role." fault={told('role')}>
            <select className="input" value={role} onChange={(event) => setRole(event.currentTarget.value)}>
              {me.roles.map((each) => (
                <option key={each} value={each}>
                  {each}
                </option>
              ))}
            </select>
          </LabelledControl>
          <LabelledControl label="Scopes" help="Such as crm.deal:read, crm.*:write. Nothing: all that its role may." fault={told('scopes')}>
            <input className="input" value={scopes} onChange={(event) => setScopes(event.currentTarget.value)} />
          </LabelledControl>
          <LabelledControl
            label="Addresses"
            help="From where it is used, such as 203.0.113.0/24. Nothing: anywhere."
            fault={told('addresses')}
          >
            <input className="input" value={addresses} onChange={(event) => setAddresses(event.currentTarget.value)} />
          </LabelledControl>
          <LabelledControl label="Last day" help="Nothing: until it is revoked." fault={told('expiresAt')}>
            <input className="input" type="date" value={until} onChange={(event) => setUntil(event.currentTarget.value)} />
          </LabelledControl>
        </>
      )}
    </FormDialog>
  )
}
