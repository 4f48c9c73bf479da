import { SettingsSection } from '../shell/settings.tsx'

export const People = () => <SettingsSection title="People and access" />
