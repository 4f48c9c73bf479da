import { useState } from 'react'
import { useProven } from '../account/proof.tsx'
import {
  createToken,
  removeProvider,
  revokeToken,
  testProvider,
  useProviders,
  useTokens,
  type DirectoryToken,
  type Provider,
} from '../api/sso.ts'
import { formatInstant } from '../fields/dates.ts'
import { useLocale } from '../fields/locale.ts'
import { FormDialog, SecretDialog } from '../shell/form-dialog.tsx'
import { SettingsRow, SettingsSection } from '../shell/settings.tsx'
import { Failure } from '../shell/states.tsx'
import { failed, toast } from '../shell/toast.tsx'
import { DomainsSection } from './domains.tsx'
import { ProviderDialog } from './provider-dialog.tsx'

const kinds = { oidc: 'OpenID Connect', saml: 'SAML 2.0' } as const

/** By which identity providers a company's people come in, and how its directory keeps them. */
export function Sso() {
  const { data, error, refetch } = useProviders()
  const [edited, setEdited] = useState<Provider | 'new' | null>(null)
  if (error && !data) return <Failure title="The providers could not be loaded" error={error} onRetry={() => void refetch()} />
  return (
    <>
      <SettingsSection
        title="Identity providers"
        about="Your people sign in where they sign in for everything else. A new provider can be tried before it is turned on."
        actions={
          <button className="btn primary form" onClick={() => setEdited('new')}>
            Add a provider
          </button>
        }
      >
        {data?.data.length === 0 && <p className="muted settings-none">None yet. OpenID Connect and SAML 2.0 are understood.</p>}
      </SettingsSection>
      {data?.data.map((provider) => (
        <ProviderSection key={provider.id} provider={provider} onEdit={() => setEdited(provider)} />
      ))}
      <DomainsSection />
      {edited !== null && data && (
        <ProviderDialog provider={edited === 'new' ? null : edited} redirectUri={data.redirectUri} onClose={() => setEdited(null)} />
      )}
    </>
  )
}

function ProviderSection({ provider, onEdit }: { readonly provider: Provider; readonly onEdit: () => void }) {
  const locale = useLocale()
  const proven = useProven()
  const [isRemoving, setRemoving] = useState(false)
  const { name, enabled, settings, addresses, people, lastUsedAt } = provider
  const test = (): void => {
    proven(() => testProvider(provider.id)).then(
      (location) => window.location.assign(location),
      (error: unknown) => failed(`${name} cannot be tried`, error),
    )
  }
  return (
    <SettingsSection
      title={name}
      about={`${kinds[settings.kind]}, ${enabled ? 'turned on' : 'turned off'}. ${
        people === 0
          ? 'Nobody came in by it yet.'
          : `${people} ${people === 1 ? 'person' : 'people'} came in by it${lastUsedAt === null ? '' : `, last ${formatInstant(lastUsedAt, locale)}`}.`
      }`}
      actions={
        <div className="row">
          <button className="btn form" onClick={test} aria-label={`Test ${name}`}>
            Test
          </button>
          <button className="btn form" onClick={onEdit} aria-label={`Edit ${name}`}>
            Edit
          </button>
          <button className="btn form danger-btn" onClick={() => setRemoving(true)} aria-label={`Remove ${name}`}>
            Remove
          </button>
        </div>
      }
    >
      {addresses.redirectUri !== undefined && <Address name="Redirect URI" value={addresses.redirectUri} />}
      {addresses.entityId !== undefined && <Address name="Entity ID" value={addresses.entityId} />}
      {addresses.acs !== undefined && <Address name="Reply URL (ACS)" value={addresses.acs} />}
      <Address name="Start page" value={addresses.start} />
      <Directory provider={provider} />
      {isRemoving && (
        <FormDialog
          title={`Remove ${name}`}
          about="Whoever came in by it is out at once, and its directory writes no more. Their records stay."
          submit="Remove"
          danger
          onClose={() => setRemoving(false)}
          onSubmit={async () => {
            await proven(() => removeProvider(provider.id))
            toast(`${name} was removed.`)
          }}
        />
      )}
    </SettingsSection>
  )
}

/** Something that is copied into the provider's own form. */
export const Address = ({ name, value }: { readonly name: string; readonly value: string }) => (
  <SettingsRow
    name={name}
    actions={
      <button className="btn quiet" onClick={() => void navigator.clipboard.writeText(value)} aria-label={`Copy ${name}`}>
        Copy
      </button>
    }
  >
    <code className="mono">{value}</code>
  </SettingsRow>
)

/** SCIM 2.0: the directory writes people and groups here itself. */
function Directory({ provider: { id, name, addresses, directory } }: { readonly provider: Provider }) {
  const { data: tokens } = useTokens(id)
  const proven = useProven()
  const [made, setMade] = useState<string | null>(null)
  const make = (): void => {
    proven(() => createToken(id)).then(setMade, (error: unknown) => failed('No token was made', error))
  }
  const revoke = (token: DirectoryToken): void => {
    proven(() => revokeToken(id, token.id)).then(
      () => toast('The directory is refused with that token from now on.'),
      (error: unknown) => failed('The token was not revoked', error),
    )
  }
  return (
    <>
      <SettingsRow
        name="Directory (SCIM 2.0)"
        actions={
          <button className="btn form" onClick={make} aria-label={`New directory token for ${name}`}>
            New token
          </button>
        }
      >
        <code className="mono">{addresses.scim}</code>
        <p className="caption faint">
          {directory.people === 0 && directory.groups.length === 0
            ? 'It keeps nobody here yet.'
            : `It keeps ${directory.people} people and ${directory.groups.length} groups here.`}
        </p>
      </SettingsRow>
      {tokens?.map((token) => (
        <TokenRow key={token.id} token={token} onRevoke={() => revoke(token)} />
      ))}
      {made !== null && (
        <SecretDialog
          title="The directory’s token"
          about="Give it to the directory as its bearer token. It is shown only now: we keep a hash of it."
          secret={made}
          onClose={() => setMade(null)}
        />
      )}
    </>
  )
}

function TokenRow({ token, onRevoke }: { readonly token: DirectoryToken; readonly onRevoke: () => void }) {
  const locale = useLocale()
  const used =
    token.lastUsedAt === null
      ? 'not used yet'
      : `last used ${formatInstant(token.lastUsedAt, locale)}${token.lastAddress === null ? '' : ` from ${token.lastAddress}`}`
  return (
    <SettingsRow
      name="Token"
      actions={
        <button className="btn quiet danger-btn" onClick={onRevoke} aria-label={`Revoke the token ${token.prefix}`}>
          Revoke
        </button>
      }
    >
      <code className="mono">{token.prefix}…</code>
      <span className="muted">
        {' '}
        · made {formatInstant(token.createdAt, locale)}, {used}
      </span>
    </SettingsRow>
  )
}
