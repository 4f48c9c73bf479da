import { useState } from 'react'
import { useProven } from '../account/proof.tsx'
import {
  addHost,
  archive,
  changeWorkspace,
  deleteWorkspace,
  removeHost,
  setLogo,
  useHosts,
  useLogo,
  useWorkspace,
  verifyHost,
  type Workspace,
  type WorkspaceHost,
} from '../api/workspace.ts'
import { saidOf } from '../api/problem.ts'
import { logout } from '../api/session.ts'
import { formatInstant } from '../fields/dates.ts'
import { useLocale } from '../fields/locale.ts'
import { FormDialog, LabelledControl } from '../shell/form-dialog.tsx'
import { SettingsForm, SettingsRow, SettingsSection } from '../shell/settings.tsx'
import { Failure } from '../shell/states.tsx'
import { failed, toast } from '../shell/toast.tsx'

/** What the workspace is called, how it looks before one has signed in, where it is found, and how one takes it along or ends it. */
export function General() {
  const { data: workspace, error, refetch } = useWorkspace()
  if (error && !workspace) return <Failure title="The workspace could not be loaded" error={error} onRetry={() => void refetch()} />
  if (!workspace) return null
  return (
    <>
      <Identity key={workspace.version} workspace={workspace} />
      <LogoSection hasLogo={workspace.hasLogo} />
      <HostsSection />
      <Ending workspace={workspace} />
    </>
  )
}

const zones = Intl.supportedValuesOf('timeZone')
const currencies = Intl.supportedValuesOf('currency')

function Identity({ workspace }: { readonly workspace: Workspace }) {
  const [wish, setWish] = useState({
    name: workspace.name,
    locale: workspace.locale,
    timeZone: workspace.timeZone,
    currency: workspace.currency,
    accent: workspace.accent,
  })
  const [fault, setFault] = useState<unknown>(null)
  const changed = Object.fromEntries(Object.entries(wish).filter(([name, value]) => workspace[name as keyof typeof wish] !== value))
  const save = async (): Promise<void> => {
    setFault(null)
    try {
      await changeWorkspace(workspace, changed)
    } catch (error) {
      setFault(error)
      throw error
    }
    toast('Saved.')
  }
  return (
    <SettingsSection title="Workspace" about={`Its short name, ${workspace.slug}, stands in addresses and never changes.`}>
      <SettingsForm submit="Save" ready={Object.keys(changed).length > 0} onSubmit={save}>
        <div className="workspace-fields">
          <LabelledControl label="Name" fault={saidOf(fault, 'name')}>
            <input className="input" value={wish.name} onChange={(event) => setWish({ ...wish, name: event.currentTarget.value })} />
          </LabelledControl>
          <LabelledControl label="Language" help="Such as en-GB: how dates and numbers are written." fault={saidOf(fault, 'locale')}>
            <input
              className="input"
              value={wish.locale}
              onChange={(event) => setWish({ ...wish, locale: event.currentTarget.value.trim() })}
            />
          </LabelledControl>
          <LabelledControl label="Time zone" fault={saidOf(fault, 'timeZone')}>
            <select className="input" value={wish.timeZone} onChange={(event) => setWish({ ...wish, timeZone: event.currentTarget.value })}>
              {[...new Set([wish.timeZone, 'UTC', ...zones])].map((zone) => (
                <option key={zone}>{zone}</option>
              ))}
            </select>
          </LabelledControl>
          <LabelledControl label="Currency" fault={saidOf(fault, 'currency')}>
            <select className="input" value={wish.currency} onChange={(event) => setWish({ ...wish, currency: event.currentTarget.value })}>
              {[...new Set([wish.currency, ...currencies])].map((currency) => (
                <option key={currency}>{currency}</option>
              ))}
            </select>
          </LabelledControl>
          <LabelledControl label="Colour" help="On the sign-in page. Nothing: the product’s own." fault={saidOf(fault, 'accent')}>
            <input
              className="input"
              placeholder="#3552c9"
              value={wish.accent ?? ''}
              onChange={(event) => setWish({ ...wish, accent: event.currentTarget.value.trim() || null })}
            />
          </LabelledControl>
        </div>
      </SettingsForm>
    </SettingsSection>
  )
}

function LogoSection({ hasLogo }: { readonly hasLogo: boolean }) {
  const { data: logo } = useLogo(hasLogo)
  const save = (work: Promise<void>, said: string): void => {
    work.then(
      () => toast(said),
      (error: unknown) => failed('The logo was not changed', error),
    )
  }
  const take = (file: File | undefined): void => {
    if (!file) return
    const reader = new FileReader()
    reader.addEventListener('load', () => {
      if (typeof reader.result === 'string') save(setLogo(reader.result), 'The logo was changed.')
    })
    reader.readAsDataURL(file)
  }
  return (
    <SettingsSection title="Logo" about="On the sign-in page of your own address. PNG, JPEG or WebP, 64 KiB at most.">
      <SettingsRow
        name="Picture"
        actions={
          hasLogo && (
            <button className="btn form danger-btn" onClick={() => save(setLogo(null), 'The logo was removed.')}>
              Remove
            </button>
          )
        }
      >
        {hasLogo && logo !== undefined && <img className="workspace-logo" src={logo} alt="Logo" />}
        <input
          type="file"
          aria-label="Logo"
          accept="image/png,image/jpeg,image/webp"
          onChange={(event) => take(event.currentTarget.files?.[0])}
        />
      </SettingsRow>
    </SettingsSection>
  )
}

function HostsSection() {
  const { data: hosts } = useHosts()
  const proven = useProven()
  const [host, setHost] = useState('')
  return (
    <SettingsSection
      title="Addresses"
      about="Names of your own at which this workspace is found. The name only chooses what the sign-in page looks like; who may come in is decided by the sign-in."
    >
      {hosts?.map((each) => (
        <HostRow key={each.host} host={each} />
      ))}
      <SettingsRow name="Add an address">
        <SettingsForm
          submit="Add"
          ready={host.trim() !== ''}
          onSubmit={async () => {
            await proven(() => addHost(host.trim()))
            setHost('')
          }}
        >
          <input
            className="input"
            aria-label="Address"
            placeholder="erp.example.com"
            value={host}
            onChange={(event) => setHost(event.currentTarget.value)}
          />
        </SettingsForm>
      </SettingsRow>
    </SettingsSection>
  )
}

function HostRow({ host: { host, token, verifiedAt } }: { readonly host: WorkspaceHost }) {
  const run = (work: Promise<void>, said: string, refused: string): void => {
    work.then(
      () => toast(said),
      (error: unknown) => failed(refused, error),
    )
  }
  return (
    <SettingsRow
      name={host}
      actions={
        <>
          {verifiedAt === null && (
            <button
              className="btn form"
              onClick={() => run(verifyHost(host), `${host} leads here.`, `${host} does not say so yet`)}
              aria-label={`Verify ${host}`}
            >
              Verify
            </button>
          )}
          <button
            className="btn quiet danger-btn"
            onClick={() => run(removeHost(host), `${host} was removed.`, `${host} was not removed`)}
            aria-label={`Remove ${host}`}
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

function Ending({ workspace: { slug, name } }: { readonly workspace: Workspace }) {
  const proven = useProven()
  const locale = useLocale()
  const [isEnding, setEnding] = useState(false)
  const [typed, setTyped] = useState('')
  const take = (): void => {
    proven(archive).then(
      (blob) => {
        const link = document.createElement('a')
        link.href = URL.createObjectURL(blob)
        link.download = `${slug}.ndjson`
        link.click()
        URL.revokeObjectURL(link.href)
      },
      (error: unknown) => failed('Nothing was taken along', error),
    )
  }
  return (
    <SettingsSection title="Leaving" about="Everything is yours to take along. docs/archive.md says what stands where in the archive.">
      <SettingsRow
        name="Archive"
        actions={
          <button className="btn form" onClick={take}>
            Download everything
          </button>
        }
      >
        All records, people, roles and what happened, as lines of JSON
      </SettingsRow>
      <SettingsRow
        name="Deletion"
        actions={
          <button className="btn form danger-btn" onClick={() => setEnding(true)}>
            Delete the workspace
          </button>
        }
      >
        Nobody gets in any more at once; after thirty days its keys are destroyed
      </SettingsRow>
      {isEnding && (
        <FormDialog
          title={`Delete ${name}`}
          about={`Everybody is signed out, you too. For thirty days whoever runs this server can bring it back; then nobody can. Type ${slug} to go on.`}
          submit="Delete it"
          danger
          ready={typed === slug}
          onClose={() => setEnding(false)}
          onSubmit={async () => {
            const until = await proven(() => deleteWorkspace(typed))
            toast(`${name} is gone for good on ${formatInstant(until, locale)}.`)
            await logout()
          }}
        >
          {(told) => (
            <LabelledControl label="Short name" fault={told('confirm')}>
              <input className="input" autoFocus value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
            </LabelledControl>
          )}
        </FormDialog>
      )}
    </SettingsSection>
  )
}
