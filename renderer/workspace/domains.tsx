import { useState } from 'react'
import { useProven } from '../account/proof.tsx'
import { addDomain, removeDomain, useDomains, verifyDomain, type EmailDomain } from '../api/sso.ts'
import { SettingsForm, SettingsRow, SettingsSection } from '../shell/settings.tsx'
import { failed, toast } from '../shell/toast.tsx'

/** Whose addresses providers may vouch for. */
export function DomainsSection() {
  const { data: domains } = useDomains()
  const proven = useProven()
  const [domain, setDomain] = useState('')
  return (
    <SettingsSection
      title="E-mail domains"
      about="A provider is believed only for addresses of domains that are proved to be yours. Addresses of them also lead people to your provider."
    >
      {domains?.map((each) => (
        <DomainRow key={each.domain} domain={each} />
      ))}
      <SettingsRow name="Add a domain">
        <SettingsForm
          submit="Add"
          ready={domain.trim() !== ''}
          onSubmit={async () => {
            await proven(() => addDomain(domain.trim()))
            setDomain('')
          }}
        >
          <input
            className="input"
            aria-label="Domain"
            placeholder="example.com"
            value={domain}
            onChange={(event) => setDomain(event.currentTarget.value)}
          />
        </SettingsForm>
      </SettingsRow>
    </SettingsSection>
  )
}

function DomainRow({ domain: { domain, token, verifiedAt } }: { readonly domain: EmailDomain }) {
  const proven = useProven()
  const run = (work: () => Promise<void>, said: string, refused: string): void => {
    proven(work).then(
      () => toast(said),
      (error: unknown) => failed(refused, error),
    )
  }
  return (
    <SettingsRow
      name={domain}
      actions={
        <>
          {verifiedAt === null && (
            <button
              className="btn form"
              onClick={() => run(() => verifyDomain(domain), `${domain} is yours.`, `${domain} does not say so yet`)}
              aria-label={`Verify ${domain}`}
            >
              Verify
            </button>
          )}
          <button
            className="btn quiet danger-btn"
            onClick={() => run(() => removeDomain(domain), `${domain} was removed.`, `${domain} was not removed`)}
            aria-label={`Remove ${domain}`}
          >
            Remove
          </button>
        </>
      }
    >
      {verifiedAt === null ? (
        <>
          <span className="muted">Add this TXT record, then verify: </span>
          <code className="mono">businessos-verification={token}</code>
        </>
      ) : (
        'Verified'
      )}
    </SettingsRow>
  )
}
