import { createContext, lazy, Suspense, use, useCallback, useState, type ReactNode } from 'react'
import { switchTenant, type SignInOutcome } from '../api/sign-in.ts'
import { failed } from '../shell/toast.tsx'
import { Starting } from '../shell/states.tsx'

const NextStep = lazy(() => import('../sign-in/next-step.tsx').then((module) => ({ default: module.NextStep })))

const SwitchContext = createContext<(slug: string) => void>(() => undefined)
/** Goes to another workspace of the same person. What it asks for in addition is asked before anything of it is shown. */
export const useSwitch = () => use(SwitchContext)

export function SwitchProvider({ children }: { readonly children: ReactNode }) {
  const [asked, setAsked] = useState<Exclude<SignInOutcome, { readonly kind: 'in' }> | null>(null)
  const advance = useCallback((outcome: SignInOutcome): void => {
    // Nothing that was read of the one workspace is kept for the other.
    if (outcome.kind === 'in') window.location.assign('/')
    else setAsked(outcome)
  }, [])
  const switchTo = useCallback(
    (slug: string): void => {
      switchTenant(slug).then(advance, (error: unknown) => failed('The workspace could not be opened', error))
    },
    [advance],
  )
  if (asked)
    return (
      <Suspense fallback={<Starting />}>
        <NextStep asked={asked} onOutcome={advance} onBack={() => setAsked(null)} />
      </Suspense>
    )
  return <SwitchContext value={switchTo}>{children}</SwitchContext>
}
