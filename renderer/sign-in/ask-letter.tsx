import { useState } from 'react'
import { problemText, saidOf } from '../api/problem.ts'
import { Entry, SignInForm, SignInFrame, useAttempt, useDemo } from './frame.tsx'

export const passwordFault = (error: unknown): string => {
  const told = saidOf(error, 'password')
  return told === null ? problemText(error) : `The password ${told}.`
}
export const ToSignIn = () => (
  <a className="link" href="/">
    Back to signing in
  </a>
)

/** To which address a letter with a link goes. What is answered is the same for every address. */
export function AskLetter({
  title,
  about,
  sent,
  send,
}: {
  readonly title: string
  readonly about: string
  /** What is said once it was sent. */
  readonly sent: (email: string) => string
  readonly send: (email: string) => Promise<void>
}) {
  const [email, setEmail] = useState('')
  const [isAsked, setAsked] = useState(false)
  const isDemo = useDemo()
  const attempt = useAttempt()
  if (isAsked)
    return (
      <SignInFrame title="Look into your mail" about={`${sent(email.trim())} Its link works once, for 30 minutes.`}>
        {isDemo && (
          <a className="btn form" href="/mail">
            Mail of this demo
          </a>
        )}
        <ToSignIn />
      </SignInFrame>
    )
  const submit = (): void =>
    attempt.run(async () => {
      await send(email.trim())
      setAsked(true)
    })
  return (
    <SignInFrame title={title} about={about}>
      <SignInForm attempt={attempt} submit="Send the link" ready={email.trim() !== ''} onSubmit={submit}>
        <Entry
          id="email"
          label="E-mail"
          type="email"
          autoComplete="username"
          autoFocus
          value={email}
          onText={setEmail}
          fault={attempt.fault}
        />
      </SignInForm>
      <ToSignIn />
    </SignInFrame>
  )
}
