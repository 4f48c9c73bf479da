import { SettingsPage } from '../shell/settings.tsx'
import { Devices } from './devices.tsx'
import { Factors } from './factors.tsx'
import { SignInSection } from './sign-in-section.tsx'
import { WorkspacesSection } from './workspaces-section.tsx'

/** What a person does with their own sign-in, in all workspaces at once. */
export const AccountPage = () => (
  <SettingsPage title="Account" parts={[{ id: 'security', title: 'Sign-in and security', href: '/account' }]} current="security">
    <SignInSection />
    <Factors />
    <Devices />
    <WorkspacesSection />
  </SettingsPage>
)
