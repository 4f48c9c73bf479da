import { useState, type FormEvent } from 'react'
import { problemText } from '../api/problem.ts'
import { login, type LoginOutcome } from '../api/session.ts'
import { initials } from './sidebar.tsx'

/** Sign in by e-mail and password; a person who belongs to several workspaces then chooses one. */
export function SignIn() {
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [fault, setFault] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const [choice, setChoice] = useState<Extract<LoginOutcome, { kind: 'tenants' }> | null>(null)

  const attempt = async (body: Record<string, string>): Promise<void> => {
    setBusy(true)
    setFault(null)
    try {
      const outcome = await login(body)
      if (outcome.kind === 'tenants') setChoice(outcome)
    } catch (error) {
      setFault(problemText(error))
    }
    setBusy(false)
  }
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (email.trim() === '' || password === '') setFault('Enter your e-mail address and your password.')
    else void attempt({ email: email.trim(), password })
  }
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
                onClick={() => void attempt({ selectToken: choice.selectToken, tenant: tenant.slug })}
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
