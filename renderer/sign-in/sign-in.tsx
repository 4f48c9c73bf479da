import { useState } from 'react'
import { hasPasskeys } from '../api/passkeys.ts'
import { login, loginByPasskey, type SignInOutcome } from '../api/sign-in.ts'
import { Entry, SignInForm, SignInFrame, useAttempt, useFace, useSignUp } from './frame.tsx'
import { NextStep } from './next-step.tsx'

/** By e-mail and password, a passkey, or the company's identity provider. */
export function SignIn() {
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [asked, setAsked] = useState<SignInOutcome | null>(null)
  const [anyway, setAnyway] = useState(false)
  const attempt = useAttempt()
  const face = useFace()
  const maySignUp = useSignUp()
  const isForCompany = face?.ssoOnly === true && !anyway
  if (asked !== null && asked.kind !== 'in')
    return (
      <NextStep
        asked={asked}
        onOutcome={setAsked}
        onBack={() => {
          setAsked(null)
          setPassword('')
          attempt.tell(null)
        }}
      />
    )
  const byPassword = (): void => {
    if (email.trim() === '' || password === '') attempt.tell('Enter your e-mail address and your password.')
    else attempt.run(async () => setAsked(await login(email.trim(), password)))
  }
  return (
    <SignInFrame title={`Sign in to ${face?.name ?? 'BusinessOS'}`}>
      {isForCompany ? (
        <a className="btn primary form" href="/sso">
          Continue with your company
        </a>
      ) : (
        <SignInForm attempt={attempt} submit={attempt.busy ? 'Signing in' : 'Sign in'} onSubmit={byPassword}>
          <Entry
            id="email"
            label="E-mail"
            type="email"
            autoComplete="username webauthn"
            autoFocus
            value={email}
            onText={setEmail}
            fault={attempt.fault}
          />
          <Entry
            id="password"
            label="Password"
            aside={
              <a className="link" href="/reset">
                Forgot it?
              </a>
            }
            type="password"
            autoComplete="current-password"
            value={password}
            onText={setPassword}
            fault={attempt.fault}
          />
        </SignInForm>
      )}
      <div className="sign-in-other">
        {hasPasskeys() && (
          <button className="btn form" disabled={attempt.busy} onClick={() => attempt.run(async () => setAsked(await loginByPasskey()))}>
            Use a passkey
          </button>
        )}
        {isForCompany ? (
          <button className="link" onClick={() => setAnyway(true)}>
            Use a password
          </button>
        ) : (
          <a className="btn form" href="/sso">
            Continue with your company
          </a>
        )}
      </div>
      {maySignUp && !face && (
        <p className="muted">
          New here?{' '}
          <a className="link" href="/sign-up">
            Begin a workspace
          </a>
        </p>
      )}
    </SignInFrame>
  )
}
