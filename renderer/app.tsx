import { MantineProvider, type MantineColorSchemeManager } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { setNonce } from 'get-nonce'
import { lazy, Suspense, useEffect, useMemo } from 'react'
import { ProofProvider } from './account/proof.tsx'
import { CatalogueContext, useCatalogueQuery } from './api/catalogue.ts'
import { queryClient } from './api/records.ts'
import { onOtherPerson, onSignOut, refresh, usePerson, useSession } from './api/session.ts'
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
import { SignIn } from './shell/sign-in.tsx'
import { toast } from './shell/toast.tsx'
import { cssVariables, theme } from './theme.ts'

const LineGrid = lazy(() => import('./form/line-grid.tsx').then(({ LineGrid: component }) => ({ default: component })))
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

function Session() {
  const session = useSession()
  const person = usePerson()
  useEffect(() => {
    void refresh(resumption())
  }, [])
  useEffect(() => {
    if (session === 'out') queryClient.clear()
  }, [session])
  if (session === 'starting') return <Starting />
  if (session === 'offline')
    return (
      <Failure full title="The server cannot be reached" detail="Check the connection, then try again." onRetry={() => void refresh()} />
    )
  return session === 'out' ? <SignIn /> : <SignedIn key={person} />
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
              <RouterProvider router={router} />
            </ProofProvider>
          </NavigationContext>
        </PartsContext>
      </LocaleContext>
    </CatalogueContext>
  )
}
