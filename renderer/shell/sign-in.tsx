import { useState, type FormEvent } from 'react'
import { problemText } from '../api/problem.ts'
import { login, proveFactor, type LoginOutcome } from '../api/session.ts'
import { initials } from './sidebar.tsx'

/** Sign in by e-mail and password; a person who belongs to several workspaces then chooses one. */
export function SignIn() {
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [fault, setFault] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const [asked, setAsked] = useState<LoginOutcome | null>(null)
  const choice = asked?.kind === 'tenants' ? asked : null

  const attempt = async (next: () => Promise<LoginOutcome>): Promise<void> => {
    setBusy(true)
    setFault(null)
    try {
      setAsked(await next())
    } catch (error) {
      setFault(problemText(error))
    }
    setBusy(false)
  }
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (email.trim() === '' || password === '') setFault('Enter your e-mail address and your password.')
    else void attempt(() => login({ email: email.trim(), password }))
  }
  if (asked?.kind === 'factor')
    return (
      <SecondFactor
        fault={fault}
        busy={busy}
        onProof={(proof) => void attempt(() => proveFactor(asked.mfaToken, proof))}
        onBack={() => {
          setAsked(null)
          setFault(null)
        }}
      />
    )
  return (
    <main className="sign-in">
      <div className="sign-in-card">
        <img src="/icon.svg" width={36} height={36} alt="" />
        <h1 className="title">{choice ? 'Choose a workspace' : 'Sign in to BusinessOS'}</h1>
        {choice ? (
          <div className="tenant-list">
            {choice.tenants.map((tenant) => (
              <button
                key={tenant.id}
                className="tenant"
                disabled={busy}
                onClick={() => void attempt(() => login({ selectToken: choice.selectToken, tenant: tenant.slug }))}
              >
                <span className="workspace-mark" aria-hidden>
                  {initials(tenant.name)}
                </span>
                <span className="strong">{tenant.name}</span>
              </button>
            ))}
          </div>
        ) : (
          <form onSubmit={submit} noValidate>
            <label className="label" htmlFor="email">
              E-mail
            </label>
            <input
              className="input"
              id="email"
              type="email"
              autoComplete="username"
              autoFocus
              value={email}
              onChange={(event) => setEmail(event.currentTarget.value)}
              aria-describedby={fault ? 'sign-in-fault' : undefined}
            />
            <label className="label" htmlFor="password">
              Password
            </label>
            <input
              className="input"
              id="password"
              type="password"
              autoComplete="current-password"
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
              aria-describedby={fault ? 'sign-in-fault' : undefined}
            />
            {fault !== null && (
              <p className="fault" id="sign-in-fault" role="alert">
                {fault}
              </p>
            )}
            <button className="btn primary form" type="submit" disabled={busy}>
              {busy ? 'Signing in' : 'Sign in'}
            </button>
          </form>
        )}
        {choice && fault !== null && (
          <p className="fault" role="alert">
            {fault}
          </p>
        )}
      </div>
    </main>
  )
}

type Proof = Parameters<typeof proveFactor>[1]

/** A code of the app, or one of the codes that were kept for when it is lost. */
function SecondFactor({
  fault,
  busy,
  onProof,
  onBack,
}: {
  readonly fault: string | null
  readonly busy: boolean
  readonly onProof: (proof: Proof) => void
  readonly onBack: () => void
}) {
  const [text, setText] = useState('')
  const [recovers, setRecovers] = useState(false)
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    onProof(recovers ? { recoveryCode: text } : { code: text })
  }
  return (
    <main className="sign-in">
      <div className="sign-in-card">
        <img src="/icon.svg" width={36} height={36} alt="" />
        <h1 className="title">{recovers ? 'Use a recovery code' : 'Enter your code'}</h1>
        <p className="muted">
          {recovers ? 'Each of your ten recovery codes works once.' : 'It is the six digits that your authenticator app shows now.'}
        </p>
        <form onSubmit={submit} noValidate>
          <label className="label" htmlFor="factor">
            {recovers ? 'Recovery code' : 'Code'}
          </label>
          <input
            key={String(recovers)}
            className="input num"
            id="factor"
            inputMode={recovers ? 'text' : 'numeric'}
            autoComplete={recovers ? 'off' : 'one-time-code'}
            autoFocus
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            aria-describedby={fault ? 'sign-in-fault' : undefined}
          />
          {fault !== null && (
            <p className="fault" id="sign-in-fault" role="alert">
              {fault}
            </p>
          )}
          <button className="btn primary form" type="submit" disabled={busy || text.trim() === ''}>
            Continue
          </button>
        </form>
        <button
          className="link"
          onClick={() => {
            setRecovers(!recovers)
            setText('')
          }}
        >
          {recovers ? 'Use a code of the app' : 'The app is not at hand'}
        </button>
        <button className="link" onClick={onBack}>
          Back
        </button>
      </div>
    </main>
  )
}
