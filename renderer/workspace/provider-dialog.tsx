import { useState } from 'react'
import { useProven } from '../account/proof.tsx'
import { useRoles } from '../api/access.ts'
import { changeProvider, createProvider, type GroupRole, type OidcSettings, type Provider, type SamlSettings } from '../api/sso.ts'
import { FormDialog, LabelledControl, Tick, type Told } from '../shell/form-dialog.tsx'
import { toast } from '../shell/toast.tsx'
import { listed } from './listed.ts'
import { RolePicks } from './role-picks.tsx'
import { readSamlMetadata } from './saml-metadata.ts'

const blankOidc: OidcSettings = { kind: 'oidc', issuer: '', clientId: '', scopes: ['email', 'profile'], groupsClaim: null }
const blankSaml: SamlSettings = {
  kind: 'saml',
  entityId: '',
  signInUrl: '',
  certificates: [],
  emailAttribute: null,
  nameAttribute: null,
  groupsAttribute: null,
}

/** A provider as it is set up; `provider` null: a new one. */
export function ProviderDialog({
  provider,
  redirectUri,
  onClose,
}: {
  readonly provider: Provider | null
  readonly redirectUri: string
  readonly onClose: () => void
}) {
  const proven = useProven()
  const [name, setName] = useState(provider?.name ?? '')
  const [settings, setSettings] = useState<OidcSettings | SamlSettings>(provider?.settings ?? blankOidc)
  const [secret, setSecret] = useState('')
  const [flags, setFlags] = useState({
    enabled: provider?.enabled ?? false,
    admits: provider?.admits ?? true,
    trustsMfa: provider?.trustsMfa ?? false,
  })
  const [startingRoles, setStartingRoles] = useState(provider?.startingRoles ?? [])
  const [groupRoles, setGroupRoles] = useState<readonly GroupRole[]>(provider?.groupRoles ?? [])
  const submit = async (): Promise<void> => {
    const wish = {
      name: name.trim(),
      settings,
      ...flags,
      startingRoles,
      groupRoles: groupRoles.filter(({ group, role }) => group.trim() !== '' || role !== ''),
      secret: secret === '' ? null : secret,
    }
    await proven(() => (provider ? changeProvider(provider, wish) : createProvider(wish)))
    toast(`${wish.name} was saved.`)
    onClose()
  }
  return (
    <FormDialog
      title={provider ? `Edit ${provider.name}` : 'Add a provider'}
      submit="Save"
      size={620}
      ready={name.trim() !== ''}
      onSubmit={submit}
      onClose={onClose}
    >
      {(told) => (
        <>
          <LabelledControl label="Name" help="What your people call it." fault={told('name')}>
            <input className="input" autoFocus value={name} onChange={(event) => setName(event.currentTarget.value)} />
          </LabelledControl>
          <LabelledControl label="Protocol">
            <select
              className="input"
              value={settings.kind}
              onChange={(event) => setSettings(event.currentTarget.value === 'saml' ? blankSaml : blankOidc)}
            >
              <option value="oidc">OpenID Connect</option>
              <option value="saml">SAML 2.0</option>
            </select>
          </LabelledControl>
          {settings.kind === 'oidc' ? (
            <OidcFields
              settings={settings}
              told={told}
              redirectUri={redirectUri}
              secret={secret}
              hasSecret={provider?.hasSecret === true}
              onSecret={setSecret}
              onChange={setSettings}
            />
          ) : (
            <SamlFields settings={settings} told={told} onChange={setSettings} />
          )}
          <Tick
            label="Adds people"
            help="who are not here yet, when they first sign in"
            checked={flags.admits}
            onChange={(admits) => setFlags({ ...flags, admits })}
          />
          <Tick
            label="Its second factor counts"
            help="where it says that it asked for one"
            checked={flags.trustsMfa}
            onChange={(trustsMfa) => setFlags({ ...flags, trustsMfa })}
          />
          <RolePicks
            label="Roles of everybody whom it adds"
            chosen={startingRoles}
            fault={told('startingRoles')}
            onChange={setStartingRoles}
          />
          <GroupRoles rows={groupRoles} fault={told('groupRoles')} onChange={setGroupRoles} />
          <Tick
            label="Turned on"
            help="people can sign in by it"
            checked={flags.enabled}
            onChange={(enabled) => setFlags({ ...flags, enabled })}
          />
        </>
      )}
    </FormDialog>
  )
}

const orNull = (text: string): string | null => (text.trim() === '' ? null : text.trim())

function OidcFields({
  settings,
  told,
  redirectUri,
  secret,
  hasSecret,
  onSecret,
  onChange,
}: {
  readonly settings: OidcSettings
  readonly told: Told
  readonly redirectUri: string
  readonly secret: string
  readonly hasSecret: boolean
  readonly onSecret: (secret: string) => void
  readonly onChange: (settings: OidcSettings) => void
}) {
  return (
    <>
      <p className="muted">
        Register a web application at the provider with this redirect URI: <code className="mono">{redirectUri}</code>
      </p>
      <LabelledControl label="Issuer" help="Such as https://login.example.com/realms/staff." fault={told('settings/issuer')}>
        <input
          className="input"
          type="url"
          value={settings.issuer}
          onChange={(event) => onChange({ ...settings, issuer: event.currentTarget.value.trim() })}
        />
      </LabelledControl>
      <LabelledControl label="Client ID" fault={told('settings/clientId')}>
        <input
          className="input"
          value={settings.clientId}
          onChange={(event) => onChange({ ...settings, clientId: event.currentTarget.value.trim() })}
        />
      </LabelledControl>
      <LabelledControl
        label="Client secret"
        help={hasSecret ? 'One is kept. What is typed here replaces it.' : undefined}
        fault={told('secret')}
      >
        <input
          className="input"
          type="password"
          autoComplete="off"
          value={secret}
          onChange={(event) => onSecret(event.currentTarget.value)}
        />
      </LabelledControl>
      <LabelledControl label="Scopes" help="Besides openid." fault={told('settings/scopes')}>
        <input
          className="input"
          defaultValue={settings.scopes.join(' ')}
          onChange={(event) => onChange({ ...settings, scopes: listed(event.currentTarget.value) })}
        />
      </LabelledControl>
      <LabelledControl
        label="Claim that lists groups"
        help="Such as groups. Nothing: groups are not looked at."
        fault={told('settings/groupsClaim')}
      >
        <input
          className="input"
          value={settings.groupsClaim ?? ''}
          onChange={(event) => onChange({ ...settings, groupsClaim: orNull(event.currentTarget.value) })}
        />
      </LabelledControl>
    </>
  )
}

function SamlFields({
  settings,
  told,
  onChange,
}: {
  readonly settings: SamlSettings
  readonly told: Told
  readonly onChange: (settings: SamlSettings) => void
}) {
  const [isFaulty, setFaulty] = useState(false)
  const take = (xml: string): void => {
    const read = readSamlMetadata(xml)
    setFaulty(read === null)
    if (read) onChange({ ...settings, ...read })
  }
  const text = (label: string, member: 'entityId' | 'signInUrl') => (
    <LabelledControl label={label} fault={told(`settings/${member}`)}>
      <input
        className="input"
        value={settings[member]}
        onChange={(event) => onChange({ ...settings, [member]: event.currentTarget.value.trim() })}
      />
    </LabelledControl>
  )
  const attribute = (label: string, member: 'emailAttribute' | 'nameAttribute' | 'groupsAttribute', help: string) => (
    <LabelledControl label={label} help={help} fault={told(`settings/${member}`)}>
      <input
        className="input"
        value={settings[member] ?? ''}
        onChange={(event) => onChange({ ...settings, [member]: orNull(event.currentTarget.value) })}
      />
    </LabelledControl>
  )
  return (
    <>
      <LabelledControl
        label="Metadata of the provider"
        help="An XML file. It fills in what follows. Ours is there once this is saved."
        fault={isFaulty ? 'is no metadata of an identity provider' : null}
      >
        <input
          type="file"
          accept=".xml,text/xml,application/xml,application/samlmetadata+xml"
          onChange={(event) => void event.currentTarget.files?.[0]?.text().then(take)}
        />
      </LabelledControl>
      {text('Entity ID of the provider', 'entityId')}
      {text('Sign-in address', 'signInUrl')}
      <LabelledControl label="Certificates" help="PEM, one after the other." fault={told('settings/certificates')}>
        <textarea
          className="input mono"
          rows={4}
          value={settings.certificates.join('\n')}
          onChange={(event) => onChange({ ...settings, certificates: certificatesIn(event.currentTarget.value) })}
        />
      </LabelledControl>
      {attribute('Attribute of the e-mail address', 'emailAttribute', 'Nothing: the subject (NameID) is the address.')}
      {attribute('Attribute of the name', 'nameAttribute', 'Nothing: the address stands for it.')}
      {attribute('Attribute of the groups', 'groupsAttribute', 'Nothing: groups are not looked at.')}
    </>
  )
}

const certificatesIn = (text: string): readonly string[] => {
  const all = text.split(/(?<=-----END CERTIFICATE-----)\s*/).filter((each) => each.trim() !== '')
  return all.length === 0 ? [] : all
}

/** Roles that come and go with groups of the provider. */
function GroupRoles({
  rows,
  fault,
  onChange,
}: {
  readonly rows: readonly GroupRole[]
  readonly fault: string | null
  readonly onChange: (rows: readonly GroupRole[]) => void
}) {
  const { data: roles } = useRoles()
  const replace = (index: number, row: GroupRole): void => onChange(rows.map((each, at) => (at === index ? row : each)))
  return (
    <fieldset className="labelled">
      <legend className="label">Roles by group</legend>
      {rows.map((row, index) => (
        // Rows have no other name than their place.
        // oxlint-disable-next-line react/no-array-index-key
        <div className="group-role" key={index}>
          <input
            className="input"
            aria-label={`Group ${index + 1}`}
            placeholder="Group, as the provider writes it"
            value={row.group}
            onChange={(event) => replace(index, { ...row, group: event.currentTarget.value })}
          />
          <select
            className="input"
            aria-label={`Role of group ${index + 1}`}
            value={row.role}
            onChange={(event) => replace(index, { ...row, role: event.currentTarget.value })}
          >
            <option value="">Role</option>
            {roles?.map(({ id, title }) => (
              <option key={id} value={id}>
                {title}
              </option>
            ))}
          </select>
          <button
            className="btn quiet"
            type="button"
            onClick={() => onChange(rows.filter((_, at) => at !== index))}
            aria-label={`Remove group ${index + 1}`}
          >
            Remove
          </button>
        </div>
      ))}
      {fault !== null && <p className="field-fault">{fault}</p>}
      <div>
        <button className="btn form" type="button" onClick={() => onChange([...rows, { group: '', role: '' }])}>
          Add a group
        </button>
      </div>
    </fieldset>
  )
}
