import { endDevice, endOtherDevices, useDevices, type Device } from '../api/account.ts'
import { formatInstant } from '../fields/dates.ts'
import { useLocale } from '../fields/locale.ts'
import { SettingsRow, SettingsSection } from '../shell/settings.tsx'
import { Failure } from '../shell/states.tsx'
import { failed, toast } from '../shell/toast.tsx'
import { deviceName, placeName } from './device.ts'

/** Where one is signed in. */
export function Devices() {
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
