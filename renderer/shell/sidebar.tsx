import { administrator } from '../../engine/catalogue/types.ts'
import { Menu, useMantineColorScheme } from '@mantine/core'
import {
  IconChevronDown,
  IconChevronRight,
  IconHome,
  IconKeyboard,
  IconLayoutSidebarLeftCollapse,
  IconLayoutSidebarLeftExpand,
  IconLogout,
  IconMoon,
  IconPencilCog,
  IconSearch,
  IconSettings,
  IconShieldLock,
  IconSun,
  IconSunMoon,
} from '@tabler/icons-react'
import { useLocation } from '@tanstack/react-router'
import { useState, type CSSProperties } from 'react'
import { useAccount } from '../api/account.ts'
import { useCatalogue, type CatalogueView, type Entity } from '../api/catalogue.ts'
import { logout } from '../api/session.ts'
import { EntityIcon, NamedIcon } from '../fields/icons.tsx'
import { listAddress } from '../model/entity.ts'
import { A, useGo } from '../model/navigation.tsx'
import { useOverlays } from '../model/overlays.tsx'
import { readStored, writeStored } from '../model/stored.ts'
import { useSwitch } from '../account/switching.tsx'
import { initials } from './initials.ts'
import { Keys } from './commands.tsx'
import { Resizer, useWidth } from './resizer.tsx'

export interface NavItem {
  readonly entity: Entity
  readonly title: string
  readonly href: string
}
export interface NavModule {
  readonly id: string
  readonly title: string
  readonly icon: string
  readonly items: readonly NavItem[]
}

/** The menu of the catalogue, without what this person has no address for; what belongs to the workspace itself comes last. */
export const navigationOf = (catalogue: CatalogueView): readonly NavModule[] =>
  catalogue.modules
    .toSorted((a, b) => Number(a.id === 'core') - Number(b.id === 'core'))
    .map((module) => ({
      id: module.id,
      title: module.title,
      icon: module.icon,
      items: module.menu.flatMap(({ entity: id, title, view }) => {
        const entity = catalogue.entities[id]
        return entity?.path == null
          ? []
          : [{ entity, title, href: `${listAddress(entity)}${view === null ? '' : `?view=${encodeURIComponent(view)}`}` }]
      }),
    }))
    .filter((module) => module.items.length > 0)

export function Sidebar({ collapsed, onCollapse }: { readonly collapsed: boolean; readonly onCollapse: () => void }) {
  const catalogue = useCatalogue()
  const { openPalette } = useOverlays()
  const width = useWidth('sidebar', 232, 200, 320)
  return (
    <nav
      className="sidebar"
      data-collapsed={collapsed || undefined}
      aria-label="Workspace"
      style={{ '--sidebar-width': collapsed ? '48px' : `${width.width}px` } as CSSProperties}
    >
      <div className="sidebar-top">
        <Workspace collapsed={collapsed} />
        {!collapsed && (
          <button className="icon-btn small" onClick={onCollapse} aria-label="Collapse the sidebar">
            <IconLayoutSidebarLeftCollapse size={16} stroke={1.5} aria-hidden />
          </button>
        )}
      </div>
      <div className="sidebar-scroll">
        <button className="nav-row" onClick={openPalette} aria-label="Search and commands">
          <IconSearch size={16} stroke={1.5} aria-hidden />
          <span className="nav-title">Search</span>
          <Keys keys="mod+k" />
        </button>
        <NavLink href="/" title="Home" icon={<IconHome size={16} stroke={1.5} aria-hidden />} exact />
        {navigationOf(catalogue).map((module) => (
          <ModuleGroup key={module.id} module={module} collapsed={collapsed} />
        ))}
      </div>
      <div className="sidebar-bottom">
        {collapsed && (
          <button className="nav-row" onClick={onCollapse} aria-label="Show the sidebar">
            <IconLayoutSidebarLeftExpand size={16} stroke={1.5} aria-hidden />
          </button>
        )}
        <UserMenu collapsed={collapsed} />
      </div>
      {!collapsed && <Resizer label="Sidebar width" className="sidebar-resize" growsTo="right" by={8} width={width} />}
    </nav>
  )
}

/** Which workspace this is, and the others that one belongs to. */
function Workspace({ collapsed }: { readonly collapsed: boolean }) {
  const { tenant, me } = useCatalogue()
  const [opened, setOpened] = useState(false)
  const { data: account } = useAccount(opened && !me.viewer)
  const switchTo = useSwitch()
  const others = account?.tenants.filter(({ slug }) => slug !== tenant.slug) ?? []
  return (
    <Menu position="bottom-start" width={232} opened={opened} onChange={setOpened}>
      <Menu.Target>
        <button className="workspace" aria-label={`Workspace: ${tenant.name}`}>
          <span className="workspace-mark" aria-hidden>
            {initials(tenant.name)}
          </span>
          {!collapsed && <span className="ellipsis strong">{tenant.name}</span>}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{account && others.length === 0 ? 'You belong to no other workspace' : 'Your other workspaces'}</Menu.Label>
        {others.map((each) => (
          <Menu.Item key={each.id} onClick={() => switchTo(each.slug)}>
            {each.name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

function ModuleGroup({ module, collapsed }: { readonly module: NavModule; readonly collapsed: boolean }) {
  const key = `sidebar.closed.${module.id}`
  const [open, setOpen] = useState(readStored(key) !== true)
  const toggle = (): void => {
    writeStored(key, open)
    setOpen(!open)
  }
  return (
    <section className="nav-module" aria-label={module.title}>
      {collapsed ? (
        <div className="nav-divider" />
      ) : (
        <button className="nav-module-title" onClick={toggle} aria-expanded={open}>
          <NamedIcon name={module.icon} size={14} />
          <span className="ellipsis">{module.title}</span>
          {open ? <IconChevronDown size={12} stroke={1.5} aria-hidden /> : <IconChevronRight size={12} stroke={1.5} aria-hidden />}
        </button>
      )}
      {(open || collapsed) &&
        module.items.map((item) => (
          <NavLink
            key={item.href}
            href={item.href}
            title={item.title}
            icon={<EntityIcon icon={item.entity.display.icon} hue={item.entity.display.hue} size={18} />}
          />
        ))}
    </section>
  )
}

function NavLink({
  href,
  title,
  icon,
  exact = false,
}: {
  readonly href: string
  readonly title: string
  readonly icon: React.ReactNode
  readonly exact?: boolean
}) {
  const path = useLocation({ select: (location) => location.pathname })
  const bare = href.split('?')[0] ?? href
  const current = exact ? path === bare : path === bare || path.startsWith(`${bare}/`)
  return (
    <A className="nav-row" href={href} aria-current={current ? 'page' : undefined} title={title}>
      {icon}
      <span className="nav-title ellipsis">{title}</span>
    </A>
  )
}

export function UserMenu({ collapsed }: { readonly collapsed: boolean }) {
  const { me } = useCatalogue()
  const name = me.name ?? me.email
  const { openHelp } = useOverlays()
  const go = useGo()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (
    <Menu position="top-start" width={220}>
      <Menu.Target>
        <button className="nav-row user-row" aria-label={`Account: ${name}`}>
          <span className="avatar hue" style={{ '--h': 245 } as CSSProperties} aria-hidden>
            {initials(name)}
          </span>
          {!collapsed && <span className="nav-title ellipsis">{name}</span>}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{me.email}</Menu.Label>
        <div className="scheme-row" role="radiogroup" aria-label="Theme">
          {(
            [
              ['light', 'Light', IconSun],
              ['dark', 'Dark', IconMoon],
              ['auto', 'As the system', IconSunMoon],
            ] as const
          ).map(([id, title, Icon]) => (
            <button key={id} role="radio" aria-checked={colorScheme === id} className="scheme" onClick={() => setColorScheme(id)}>
              <Icon size={16} stroke={1.5} aria-hidden />
              {title}
            </button>
          ))}
        </div>
        <Menu.Divider />
        <Menu.Item leftSection={<IconShieldLock size={16} stroke={1.5} />} onClick={() => go('/account')}>
          Account and security
        </Menu.Item>
        {me.roles.includes(administrator) && (
          <Menu.Item leftSection={<IconSettings size={16} stroke={1.5} />} onClick={() => go('/workspace')}>
            Workspace settings
          </Menu.Item>
        )}
        {me.roles.includes(administrator) && (
          <Menu.Item leftSection={<IconPencilCog size={16} stroke={1.5} />} component="a" href="/admin">
            Designer
          </Menu.Item>
        )}
        <Menu.Item leftSection={<IconKeyboard size={16} stroke={1.5} />} onClick={openHelp} rightSection={<Keys keys="?" />}>
          Keyboard shortcuts
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} stroke={1.5} />} onClick={() => void logout()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
