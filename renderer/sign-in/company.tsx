import { useEffect, useState } from 'react'
import { beginSso, finishSso, providersFor, type ProviderName, type SignInOutcome, type SsoTrial } from '../api/sign-in.ts'
import { problemText } from '../api/problem.ts'
import { Entry, Fault, SignInForm, SignInFrame, useAttempt, useFace } from './frame.tsx'
import { NextStep } from './next-step.tsx'

interface Props {
  readonly secret: string
  readonly onIn: () => void
}

/** `/sso`: to a company's identity provider, and back from it. */
export function Company({ secret, onIn }: Props) {
  const wanted = new URLSearchParams(window.location.search).get('provider')
  if (secret !== '') return <Returning secret={secret} onIn={onIn} />
  return wanted === null ? <Finding /> : <Departing provider={wanted} />
}

const depart = async (provider: string): Promise<void> => window.location.assign(await beginSso(provider))

function Finding() {
  const face = useFace()
  const [email, setEmail] = useState('')
  const [found, setFound] = useState<readonly ProviderName[] | null>(null)
  const attempt = useAttempt()
  const offer = async (providers: readonly ProviderName[]): Promise<void> => {
    const [only, ...others] = providers
    if (only && others.length === 0) return depart(only.id)
    setFound(providers)
  }
  return (
    <SignInFrame
      title="Continue with your company"
      about={
        found?.length === 0
          ? 'No company has said that this address is one of theirs. Ask whoever runs your workspace, or sign in with your password.'
          : 'Your address says which identity provider knows you.'
      }
    >
      {found && found.length > 0 ? (
        <div className="tenant-list">
          {found.map((provider) => (
            <button key={provider.id} className="tenant" onClick={() => attempt.run(() => depart(provider.id))}>
              <span className="strong">{provider.name}</span>
            </button>
          ))}
          <Fault>{attempt.fault}</Fault>
        </div>
      ) : (
        <SignInForm
          attempt={attempt}
          submit="Continue"
          ready={email.trim() !== ''}
          onSubmit={() => attempt.run(async () => offer(await providersFor(email.trim())))}
        >
          <Entry
            id="email"
            label="E-mail at your company"
            type="email"
            autoComplete="email"
            autoFocus
            value={email}
            onText={setEmail}
            fault={attempt.fault}
          />
        </SignInForm>
      )}
      {face && !found && (
        <button className="btn form" disabled={attempt.busy} onClick={() => attempt.run(async () => offer(await providersFor(null)))}>
          Providers of {face.name}
        </button>
      )}
      <a className="link" href="/">
        Back
      </a>
    </SignInFrame>
  )
}

function Departing({ provider }: { readonly provider: string }) {
  const [fault, setFault] = useState<string | null>(null)
  useEffect(() => {
    depart(provider).catch((error: unknown) => setFault(problemText(error)))
  }, [provider])
  return fault === null ? (
    <SignInFrame title="Going to your company’s sign-in" />
  ) : (
    <SignInFrame title="Your company’s sign-in cannot be reached" about={fault}>
      <a className="btn form" href="/sso">
        Begin anew
      </a>
    </SignInFrame>
  )
}

function Returning({ secret, onIn }: Props) {
  const [came, setCame] = useState<Awaited<ReturnType<typeof finishSso>> | { readonly kind: 'refused'; readonly why: string } | null>(null)
  useEffect(() => {
    void finishOnce(secret)
      .catch((error: unknown) => ({ kind: 'refused' as const, why: problemText(error) }))
      .then((result) => {
        setCame(result)
        if (result.kind === 'in') onIn()
      })
  }, [secret, onIn])
  if (came === null || came.kind === 'in') return <SignInFrame title="Signing in" />
  if (came.kind === 'refused')
    return (
      <SignInFrame title="You were not signed in" about={came.why}>
        <a className="btn primary form" href="/sso">
          Begin anew
        </a>
        <a className="link" href="/">
          Sign in another way
        </a>
      </SignInFrame>
    )
  if (came.kind === 'trial') return <Report trial={came.trial} />
  const advance = (outcome: SignInOutcome): void => (outcome.kind === 'in' ? onIn() : setCame(outcome))
  return <NextStep asked={came} onOutcome={advance} onBack={() => window.location.assign('/sso')} />
}

/** The secret works once, and effects may run twice. */
let finishing: { readonly secret: string; readonly result: ReturnType<typeof finishSso> } | null = null
function finishOnce(secret: string): ReturnType<typeof finishSso> {
  if (finishing?.secret !== secret) finishing = { secret, result: finishSso(secret) }
  return finishing.result
}

/** What whoever set the provider up learns from trying it. */
function Report({ trial: { provider, asserted, member, roles, refused } }: { readonly trial: SsoTrial }) {
  const facts: readonly (readonly [string, string])[] = [
    ['Subject', asserted.subject],
    ['E-mail', asserted.email === null ? 'not said' : `${asserted.email}${asserted.emailVerified ? ', confirmed' : ', not confirmed'}`],
    ['Name', asserted.name ?? 'not said'],
    ['Groups', asserted.groups === null ? 'not said' : asserted.groups.join(', ') || 'none'],
    ['Second factor', asserted.mfa ? 'asked for one' : 'did not say that it asked'],
    ['Person', member === null ? 'would be added' : 'is here already'],
    ['Roles', roles.join(', ') || 'none'],
  ]
  return (
    <SignInFrame
      wide
      title={refused === null ? `${provider} works` : `${provider} would refuse you`}
      about={refused ?? 'This was a test: nobody was signed in, and nothing was changed.'}
    >
      <dl className="sign-in-facts">
        {facts.map(([name, value]) => (
          <FactRow key={name} name={name} value={value} />
        ))}
      </dl>
      <a className="btn form" href="/workspace/sso">
        Back to the settings
      </a>
    </SignInFrame>
  )
}

const FactRow = ({ name, value }: { readonly name: string; readonly value: string }) => (
  <>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </>
)
