import { useMantineColorScheme } from '@mantine/core'
import { Outlet, useLocation } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from 'react'
import { entityOf, may, useCatalogue } from '../api/catalogue.ts'
import { logout } from '../api/session.ts'
import { usePhone } from '../fields/layer.tsx'
import { listAddress } from '../model/entity.ts'
import { handing } from '../model/handed.ts'
import { useGo } from '../model/navigation.tsx'
import { OverlaysContext, type CreateRequest } from '../model/overlays.tsx'
import { readStored, writeStored } from '../model/stored.ts'
import { useAddress } from '../model/route.ts'
import { useCommands, type Command } from './commands.tsx'
import { Palette } from './palette.tsx'
import { Help } from './help.tsx'
import { navigationOf, Sidebar } from './sidebar.tsx'
import { TabBar } from './tab-bar.tsx'
import { leaveScreen } from './toast.tsx'
import { undoLast } from './undo.ts'
import { Banners } from './banners.tsx'

const CreateDialog = lazy(() => import('../form/create-dialog.tsx').then((loaded) => ({ default: loaded.CreateDialog })))

/** The frame of every signed-in screen: navigation, commands, dialogs. */
export function Shell() {
  const catalogue = useCatalogue()
  const go = useGo()
  const [creating, setCreating] = useState<
    readonly { readonly key: string; readonly request: CreateRequest; readonly opener: Element | null }[]
  >([])
  const [palette, setPalette] = useState(false)
  const [help, setHelp] = useState(false)
  const [collapsed, setCollapsed] = useState(readStored('sidebar.collapsed') === true)
  const phone = usePhone()
  const overlays = useMemo(
    () => ({
      openCreate: (request: CreateRequest) => {
        const entity = entityOf(catalogue, request.entity)
        if (entity?.display.editMode === 'document' && request.onCreated === undefined) {
          go(`${listAddress(entity)}/new`, { state: handing(catalogue, request) })
        } else setCreating((stack) => [...stack, { key: crypto.randomUUID(), request, opener: document.activeElement }])
      },
      openPalette: () => setPalette(true),
      openHelp: () => setHelp(true),
    }),
    [catalogue, go],
  )
  const collapse = (): void => {
    writeStored('sidebar.collapsed', !collapsed)
    setCollapsed(!collapsed)
  }
  return (
    <OverlaysContext value={overlays}>
      <ShellCommands onCollapse={collapse} {...overlays} />
      <div className="shell" data-phone={phone || undefined}>
        <a className="skip-link" href="#main">
          Skip to content
        </a>
        {!phone && <Sidebar collapsed={collapsed} onCollapse={collapse} />}
        <div className="shell-main">
          <Banners />
          <main id="main" className="shell-content" tabIndex={-1}>
            <Suspense fallback={null}>
              <Outlet />
            </Suspense>
          </main>
        </div>
        {phone && <TabBar />}
      </div>
      <Palette opened={palette} onClose={() => setPalette(false)} />
      <Help opened={help} onClose={() => setHelp(false)} />
      <Suspense fallback={null}>
        {creating.map((open, index) => (
          <CreateDialog
            key={open.key}
            request={open.request}
            depth={index}
            onClose={() => {
              setCreating((stack) => stack.filter((each) => each !== open))
              giveBack(open.opener)
            }}
          />
        ))}
      </Suspense>
    </OverlaysContext>
  )
}

/** A dialog that is gone gives the focus back to what opened it, unless something else has taken it. */
function giveBack(opener: Element | null): void {
  requestAnimationFrame(() => {
    if (opener instanceof HTMLElement && opener.isConnected && document.activeElement === document.body) opener.focus()
  })
}

function ShellCommands({
  onCollapse,
  openCreate,
  openPalette,
  openHelp,
}: {
  readonly onCollapse: () => void
  readonly openCreate: (request: CreateRequest) => void
  readonly openPalette: () => void
  readonly openHelp: () => void
}) {
  const catalogue = useCatalogue()
  const go = useGo()
  const { entity: here } = useAddress()
  const path = useLocation({ select: (location) => location.pathname })
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const at = useRef(path)
  useEffect(() => {
    if (at.current !== path) leaveScreen()
    at.current = path
  }, [path])
  useEffect(() => leaveScreen, [])
  const items = navigationOf(catalogue).flatMap((module) => module.items)
  const unique = [...new Set(items.map((item) => item.entity))]
  const letters = new Set(['h'])
  const going = items.map(({ entity, title, href }): Command => {
    const letter = Array.from(title.toLowerCase()).find((each) => /[a-z]/.test(each) && !letters.has(each))
    if (letter !== undefined) letters.add(letter)
    return { id: `go.${entity.id}`, title, section: 'Go to', ...(letter !== undefined && { keys: `g ${letter}` }), run: () => go(href) }
  })
  const creatable = unique.filter((entity) => entity.kind === 'record' && may(entity, 'create'))
  const createHere = here !== null && here.kind === 'record' ? here : (creatable[0] ?? null)
  useCommands([
    { id: 'palette', title: 'Command palette', section: 'General', keys: 'mod+k', run: openPalette },
    { id: 'search', title: 'Search', section: 'General', keys: '/', run: openPalette },
    { id: 'undo', title: 'Undo the last change', section: 'General', keys: 'mod+z', run: () => void undoLast() },
    { id: 'help', title: 'Keyboard shortcuts', section: 'General', keys: '?', run: openHelp },
    { id: 'sidebar', title: 'Collapse or show the sidebar', section: 'General', keys: '[', run: onCollapse },
    { id: 'home', title: 'Home', section: 'Go to', keys: 'g h', run: () => go('/') },
    ...going,
    ...(createHere
      ? [
          {
            id: 'create',
            title: `New ${createHere.title.toLowerCase()}`,
            section: 'Create',
            keys: 'c',
            run: () => openCreate({ entity: createHere.id }),
            ...(!may(createHere, 'create') && { disabled: `Your role may not create ${createHere.pluralTitle.toLowerCase()}` }),
          },
        ]
      : []),
    ...creatable
      .filter((entity) => entity !== createHere)
      .map((entity): Command => ({
        id: `create.${entity.id}`,
        title: `New ${entity.title.toLowerCase()}`,
        section: 'Create',
        run: () => openCreate({ entity: entity.id }),
      })),
    {
      id: 'scheme',
      title: colorScheme === 'dark' ? 'Use the light theme' : 'Use the dark theme',
      section: 'General',
      run: () => setColorScheme(colorScheme === 'dark' ? 'light' : 'dark'),
    },
    { id: 'sign-out', title: 'Sign out', section: 'General', run: () => void logout() },
    ...(path === '/' ? [] : [{ id: 'back', title: 'Go back', section: 'General', run: () => window.history.back() }]),
  ])
  return null
}
