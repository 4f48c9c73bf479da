import { useState, type FormEvent } from 'react'
import { endDevice, endOtherDevices, setPassword, useAccount, useDevices, type Device } from '../api/account.ts'
import { isProblem, problemText } from '../api/problem.ts'
import { formatInstant } from '../fields/dates.ts'
import { useLocale } from '../fields/locale.ts'
import { SettingsPage, SettingsRow, SettingsSection } from '../shell/settings.tsx'
import { Failure } from '../shell/states.tsx'
import { failed, toast } from '../shell/toast.tsx'
import { deviceName, placeName } from './device.ts'
import { useProven } from './proof.tsx'

/** What a person does with their own sign-in, in all workspaces at once. */
export function AccountPage() {
  return (
    <SettingsPage title="Account" parts={[{ id: 'security', title: 'Sign-in and security', href: '/account' }]} current="security">
      <SignInSection />
      <Devices />
    </SettingsPage>
  )
}

function SignInSection() {
  const { data: account, error, refetch } = useAccount()
  const locale = useLocale()
  if (error && !account) return <Failure title="Your account could not be loaded" error={error} onRetry={() => void refetch()} />
  const changed = account?.passwordChangedAt
  return (
    <SettingsSection title="Sign-in" about="This is yours in every workspace that you belong to.">
      <SettingsRow name="E-mail">
        {account?.email} {account && !account.emailVerified && <span className="muted">not confirmed</span>}
      </SettingsRow>
      <SettingsRow name="Password">
        <PasswordForm />
        {changed != null && <p className="caption faint">Changed {formatInstant(changed, locale)}</p>}
      </SettingsRow>
    </SettingsSection>
  )
}

function PasswordForm() {
  const proven = useProven()
  const [text, setText] = useState('')
  const [fault, setFault] = useState<string | null>(null)
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    try {
      await proven(() => setPassword(text))
      setText('')
      setFault(null)
      toast('The password was changed. Every other session has ended.')
    } catch (error) {
      const told = isProblem(error) ? error.faults.find(({ pointer }) => pointer === '/password')?.detail : undefined
      setFault(told === undefined ? problemText(error) : `The password ${told}.`)
    }
  }
  return (
    <form className="settings-form" onSubmit={(event) => void submit(event)} noValidate>
      <input
        className="input"
        type="password"
        autoComplete="new-password"
        aria-label="New password"
        placeholder="New password"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        aria-invalid={fault !== null}
        aria-describedby={fault === null ? undefined : 'password-fault'}
      />
      <button className="btn form" type="submit" disabled={text === ''}>
        Change
      </button>
      {fault !== null && (
        <p className="fault settings-fault" id="password-fault" role="alert">
          {fault}
        </p>
      )}
    </form>
  )
}

function Devices() {
  const { data: devices, error, refetch } = useDevices()
  if (error && !devices) return <Failure title="Your devices could not be loaded" error={error} onRetry={() => void refetch()} />
  const others = devices?.filter(({ isThis }) => !isThis) ?? []
  const run = (work: () => Promise<void>, said: string): void => {
    work().then(
      () => toast(said),
      (cause: unknown) => failed('Nobody was signed out', cause),
    )
  }
  return (
    <SettingsSection
      title="Devices"
      about="Where you are signed in. The place is told by the address, and may be that of your provider."
      actions={
        others.length > 0 && (
          <button className="btn form" onClick={() => run(endOtherDevices, 'Signed out everywhere else.')}>
            Sign out everywhere else
          </button>
        )
      }
    >
      {devices?.map((device) => (
        <DeviceRow key={device.id} device={device} onEnd={() => run(() => endDevice(device.id), 'Signed out.')} />
      ))}
    </SettingsSection>
  )
}

function DeviceRow({ device, onEnd }: { readonly device: Device; readonly onEnd: () => void }) {
  const locale = useLocale()
  const place = placeName(device, locale.locale)
  return (
    <SettingsRow
      name={deviceName(device.agent)}
      actions={
        device.isThis ? (
          <span className="muted">This device</span>
        ) : (
          <button className="btn form" onClick={onEnd} aria-label={`Sign out ${deviceName(device.agent)}`}>
            Sign out
          </button>
        )
      }
    >
      <span>{device.tenant}</span>
      <span className="muted"> · {[place, `last used ${formatInstant(device.lastUsedAt, locale)}`].filter(Boolean).join(' · ')}</span>
    </SettingsRow>
  )
}
