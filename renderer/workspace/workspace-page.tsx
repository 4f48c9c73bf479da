import './workspace.css'
import { administrator } from '../../engine/catalogue/types.ts'
import { lazy, type ComponentType } from 'react'
import { useParams } from '@tanstack/react-router'
import { useCatalogue } from '../api/catalogue.ts'
import { SettingsPage, type SettingsPart } from '../shell/settings.tsx'
import { ForbiddenPage, NotFoundPage } from '../shell/states.tsx'

interface Part extends SettingsPart {
  readonly Body: ComponentType
  readonly wide?: boolean
  /** Everybody may open it; absent: administrators. */
  readonly forAll?: true
}

const part = (id: string, title: string, load: () => Promise<ComponentType>, more: Partial<Pick<Part, 'wide' | 'forAll'>> = {}): Part => ({
  id,
  title,
  href: `/workspace/${id}`,
  Body: lazy(async () => ({ default: await load() })),
  ...more,
})

/** The parts of a workspace's settings, in the order of the menu. */
const parts: readonly Part[] = [
  part('general', 'General', async () => (await import('./general.tsx')).General),
  part('people', 'People and access', async () => (await import('./people.tsx')).People, { wide: true }),
  part('roles', 'Roles', async () => (await import('./roles.tsx')).Roles, { wide: true }),
  part('security', 'Security', async () => (await import('./security.tsx')).Security, { wide: true }),
  part('sso', 'Single sign-on', async () => (await import('./sso.tsx')).Sso),
  part('keys', 'API keys', async () => (await import('./keys.tsx')).Keys, { wide: true, forAll: true }),
  part('audit', 'Audit', async () => (await import('./audit.tsx')).Audit, { wide: true }),
]

/** How a workspace is run: who is in it, what they may do, what programs may, and what happened. */
export function WorkspacePage() {
  const { me } = useCatalogue()
  const { part: id } = useParams({ strict: false })
  const isAdministrator = me.roles.includes(administrator)
  const open = parts.filter(({ forAll }) => forAll === true || isAdministrator)
  const current = parts.find((each) => each.id === (id ?? open[0]?.id))
  if (!current) return <NotFoundPage />
  if (!open.includes(current)) return <ForbiddenPage />
  return (
    <SettingsPage title="Workspace" parts={open} current={current.id} wide={current.wide === true}>
      <current.Body />
    </SettingsPage>
  )
}
