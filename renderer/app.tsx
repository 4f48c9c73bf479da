import { MantineProvider, type MantineColorSchemeManager } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { setNonce } from 'get-nonce'
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from 'react'
import { ProofProvider } from './account/proof.tsx'
import { SwitchProvider } from './account/switching.tsx'
import { CatalogueContext, useCatalogueQuery } from './api/catalogue.ts'
import { queryClient } from './api/records.ts'
import { onOtherPerson, onSignOut, refresh, sessionState, usePerson, useSession } from './api/session.ts'
import { resumption } from './api/viewing.ts'
import { LocaleContext, localeFor } from './fields/locale.ts'
import { PartsContext, type Parts } from './fields/parts.ts'
import { kindOf } from './fields/registry.ts'
import type { EditProps } from './fields/type.ts'
import { dropDrafts } from './form/draft.ts'
import { NavigationContext, type Go } from './model/navigation.tsx'
import { router } from './router.tsx'
import { CommandKeys } from './shell/commands.tsx'
import { Failure, Starting } from './shell/states.tsx'
import { isEntrance } from './sign-in/entrances.ts'
import { toast } from './shell/toast.tsx'
import { cssVariables, theme } from './theme.ts'

const LineGrid = lazy(() => import('./form/line-grid.tsx').then(({ LineGrid: component }) => ({ default: component })))
const SignIn = lazy(async () => ({ default: (await import('./sign-in/sign-in.tsx')).SignIn }))
const Entrance = lazy(async () => ({ default: (await import('./sign-in/entrance.tsx')).Entrance }))
const LinesEditor = (props: EditProps) => (
  <Suspense fallback={<div className="skeleton" />}>
    <LineGrid {...props} />
  </Suspense>
)

/** Keeps the chosen scheme where public/scheme.js reads it before the first paint; `auto` is stored as nothing. */
const scheme: MantineColorSchemeManager = {
  get: (fallback) => {
    const stored = localStorage.getItem('bos.scheme')
    return stored === 'dark' || stored === 'light' ? stored : fallback
  },
  set: (value) => (value === 'auto' ? localStorage.removeItem('bos.scheme') : localStorage.setItem('bos.scheme', value)),
  subscribe: () => undefined,
  unsubscribe: () => undefined,
  clear: () => localStorage.removeItem('bos.scheme'),
}

/** What the page's policy asks of styles that are made at run time: Mantine's own, and those of the scroll lock behind its dialogs. */
const nonce = document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce ?? ''
const styleNonce = (): string => nonce
setNonce(nonce)

export function App() {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      colorSchemeManager={scheme}
      getStyleNonce={styleNonce}
    >
      <Notifications position="bottom-left" limit={2} containerWidth={340} zIndex={500} classNames={{ root: 'toasts' }} />
      <QueryClientProvider client={queryClient}>
        <CommandKeys>
          <Session />
        </CommandKeys>
      </QueryClientProvider>
    </MantineProvider>
  )
}

onOtherPerson((person) => {
  queryClient.clear()
  if (person === 'self') toast('You are yourself again.')
})
onSignOut(dropDrafts)

/** A page that is there for whoever is not signed in yet, and the secret that came with its address. */
const openedAt = isEntrance(window.location.pathname) ? { path: window.location.pathname, secret: window.location.hash.slice(1) } : null

function Session() {
  const session = useSession()
  const person = usePerson()
  const [entrance, setEntrance] = useState(openedAt)
  const enter = useCallback(() => {
    router.history.replace('/')
    setEntrance(null)
  }, [])
  useEffect(() => {
    if (entrance) {
      // A secret stays neither in the address bar nor in the history.
      if (entrance.secret !== '') window.history.replaceState(null, '', entrance.path)
    } else if (sessionState() === 'starting') void refresh(resumption())
  }, [entrance])
  useEffect(() => {
    if (session === 'out') queryClient.clear()
  }, [session])
  if (entrance)
    return (
      <Suspense fallback={<Starting />}>
        <Entrance {...entrance} onIn={enter} />
      </Suspense>
    )
  if (session === 'starting') return <Starting />
  if (session === 'offline')
    return (
      <Failure full title="The server cannot be reached" detail="Check the connection, then try again." onRetry={() => void refresh()} />
    )
  if (session === 'in') return <SignedIn key={person} />
  return (
    <Suspense fallback={<Starting />}>
      <SignIn />
    </Suspense>
  )
}

const go: Go = (href, { replace = false, state } = {}) => (replace ? router.history.replace(href, state) : router.history.push(href, state))

function SignedIn() {
  const { data: catalogue, error, refetch } = useCatalogueQuery(true)
  const locale = useMemo(
    () => (catalogue ? localeFor(catalogue.tenant.locale, catalogue.tenant.timeZone, catalogue.tenant.currency) : null),
    [catalogue],
  )
  const parts = useMemo<Parts | null>(
    () => locale && { textOf: (field, value) => kindOf(field).format(value, field, locale), LinesEditor },
    [locale],
  )
  if (error && !catalogue) return <Failure full title="The workspace could not be opened" error={error} onRetry={() => void refetch()} />
  if (!catalogue || !locale || !parts) return <Starting />
  return (
    <CatalogueContext value={catalogue}>
      <LocaleContext value={locale}>
        <PartsContext value={parts}>
          <NavigationContext value={go}>
            <ProofProvider>
              <SwitchProvider>
                <RouterProvider router={router} />
              </SwitchProvider>
            </ProofProvider>
          </NavigationContext>
        </PartsContext>
      </LocaleContext>
    </CatalogueContext>
  )
}
