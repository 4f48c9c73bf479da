import { IconDeviceMobile, IconFingerprint } from '@tabler/icons-react'
import { useState } from 'react'
import {
  addPasskey,
  beginApp,
  confirmApp,
  removeFactor,
  renameFactor,
  renewRecoveryCodes,
  useAccount,
  type Account,
  type Factor,
} from '../api/account.ts'
import { hasPasskeys } from '../api/passkeys.ts'
import type { AppEnrolment } from '../api/sign-in.ts'
import { formatInstant } from '../fields/dates.ts'
import { useLocale } from '../fields/locale.ts'
import { Dialog } from '../shell/dialog.tsx'
import { SettingsForm, SettingsRow, SettingsSection } from '../shell/settings.tsx'
import { failed, toast } from '../shell/toast.tsx'
import { EnrolmentPicture, RecoveryCodes } from '../sign-in/enrolment.tsx'
import { deviceName } from './device.ts'
import { useProven } from './proof.tsx'

/** What one proves oneself with beside the password, or instead of it. */
export function Factors() {
  const { data: account } = useAccount()
  const proven = useProven()
  const [enrolment, setEnrolment] = useState<AppEnrolment | null>(null)
  const [codes, setCodes] = useState<readonly string[] | null>(null)
  if (!account) return null
  const run = (work: () => Promise<readonly string[] | null>, said: string): void => {
    proven(work).then(
      (shown) => {
        setEnrolment(null)
        setCodes(shown)
        toast(said)
      },
      (error: unknown) => failed('Nothing was changed', error),
    )
  }
  const begin = (): void => {
    proven(beginApp).then(setEnrolment, (error: unknown) => failed('No app was added', error))
  }
  const { factors, isOwn } = account
  return (
    <SettingsSection
      title="Second factor"
      about="Asked for after your password. A passkey also signs you in without one."
      actions={
        isOwn && (
          <div className="row">
            <button className="btn form" onClick={begin}>
              Add an app
            </button>
            {hasPasskeys() && (
              <button className="btn form" onClick={() => run(() => addPasskey(deviceName(navigator.userAgent)), 'The passkey was added.')}>
                Add a passkey
              </button>
            )}
          </div>
        )
      }
    >
      {factors.length === 0 && <p className="muted settings-none">None yet: your password alone lets anyone in who knows it.</p>}
      {factors.map((factor) => (
        <FactorRow
          key={factor.id}
          factor={factor}
          isOwn={isOwn}
          onRemove={() => run(() => removeFactor(factor.id).then(() => null), `${factor.name} was removed.`)}
        />
      ))}
      {factors.length > 0 && (
        <RecoveryRow account={account} onRenew={() => run(renewRecoveryCodes, 'The old recovery codes work no more.')} />
      )}
      {enrolment && (
        <AppDialog
          enrolment={enrolment}
          onClose={() => setEnrolment(null)}
          onConfirm={async (code) => {
            const shown = await proven(() => confirmApp(enrolment.factor, code))
            setEnrolment(null)
            setCodes(shown)
            toast('The app was added. Every other session has ended.')
          }}
        />
      )}
      {codes && (
        <Dialog title="Keep your recovery codes" onClose={() => setCodes(null)} stays>
          <p className="muted">Each signs you in once when nothing else is at hand. They are shown only now.</p>
          <RecoveryCodes codes={codes} />
        </Dialog>
      )}
    </SettingsSection>
  )
}

const icons = { totp: IconDeviceMobile, passkey: IconFingerprint } as const

function FactorRow({ factor, isOwn, onRemove }: { readonly factor: Factor; readonly isOwn: boolean; readonly onRemove: () => void }) {
  const locale = useLocale()
  const [name, setName] = useState<string | null>(null)
  const Icon = icons[factor.kind]
  const used = factor.lastUsedAt === null ? 'not used yet' : `last used ${formatInstant(factor.lastUsedAt, locale)}`
  if (name !== null)
    return (
      <SettingsRow name={factor.kind === 'passkey' ? 'Passkey' : 'App'}>
        <SettingsForm
          submit="Rename"
          ready={name.trim() !== ''}
          onCancel={() => setName(null)}
          onSubmit={async () => {
            await renameFactor(factor.id, name.trim())
            setName(null)
          }}
        >
          <input className="input" aria-label="Name" autoFocus value={name} onChange={(event) => setName(event.currentTarget.value)} />
        </SettingsForm>
      </SettingsRow>
    )
  return (
    <SettingsRow
      name={
        <span className="row">
          <Icon size={16} stroke={1.5} aria-hidden />
          {factor.kind === 'passkey' ? 'Passkey' : 'App'}
        </span>
      }
      actions={
        <>
          <button className="btn quiet" onClick={() => setName(factor.name)} aria-label={`Rename ${factor.name}`}>
            Rename
          </button>
          {isOwn && (
            <button className="btn quiet danger-btn" onClick={onRemove} aria-label={`Remove ${factor.name}`}>
              Remove
            </button>
          )}
        </>
      }
    >
      {factor.name}
      <span className="muted"> · {used}</span>
    </SettingsRow>
  )
}

const RecoveryRow = ({ account, onRenew }: { readonly account: Account; readonly onRenew: () => void }) => (
  <SettingsRow
    name="Recovery codes"
    actions={
      account.isOwn && (
        <button className="btn quiet" onClick={onRenew}>
          Make new ones
        </button>
      )
    }
  >
    {account.recoveryCodes} of 10 left
  </SettingsRow>
)

function AppDialog({
  enrolment,
  onConfirm,
  onClose,
}: {
  readonly enrolment: AppEnrolment
  readonly onConfirm: (code: string) => Promise<void>
  readonly onClose: () => void
}) {
  const [code, setCode] = useState('')
  return (
    <Dialog title="Add an authenticator app" onClose={onClose} stays>
      <p className="muted">Read this picture with the app, then enter the code that it shows.</p>
      <EnrolmentPicture {...enrolment} />
      <SettingsForm submit="Add" ready={code.trim() !== ''} onSubmit={() => onConfirm(code)}>
        <input
          className="input num"
          inputMode="numeric"
          autoComplete="one-time-code"
          aria-label="Code that the app shows"
          placeholder="Code"
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
        />
      </SettingsForm>
    </Dialog>
  )
}
