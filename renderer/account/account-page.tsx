import { SettingsPage, SettingsRow, SettingsSection } from '../shell/settings.tsx'
import { useCatalogue } from '../api/catalogue.ts'

/** What a person does with their own sign-in, in all workspaces at once. */
export function AccountPage() {
  const { me } = useCatalogue()
  return (
    <SettingsPage title="Account" parts={[{ id: 'security', title: 'Sign-in and security', href: '/account' }]} current="security">
      <SettingsSection title="Sign-in">
        <SettingsRow name="E-mail">{me.email}</SettingsRow>
      </SettingsSection>
    </SettingsPage>
  )
}
