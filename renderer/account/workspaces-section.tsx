import { useAccount } from '../api/account.ts'
import { useCatalogue } from '../api/catalogue.ts'
import { SettingsRow, SettingsSection } from '../shell/settings.tsx'
import { useSwitch } from './switching.tsx'

/** Every workspace that one belongs to. */
export function WorkspacesSection() {
  const { data: account } = useAccount()
  const { tenant } = useCatalogue()
  const switchTo = useSwitch()
  return (
    <SettingsSection title="Workspaces" about="Your account is the same in all of them; what you may do is not.">
      {account?.tenants.map((each) => (
        <SettingsRow
          key={each.id}
          name={each.name}
          actions={
            each.slug === tenant.slug ? (
              <span className="muted">This workspace</span>
            ) : (
              <button className="btn form" onClick={() => switchTo(each.slug)} aria-label={`Open ${each.name}`}>
                Open
              </button>
            )
          }
        />
      ))}
    </SettingsSection>
  )
}
