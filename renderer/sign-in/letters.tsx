import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { problemText } from '../api/problem.ts'
import { acceptInvitation, askReset, confirmEmail, lookAtInvitation, resetPassword, type SignInOutcome } from '../api/sign-in.ts'
import { AskLetter, passwordFault, ToSignIn } from './ask-letter.tsx'
import { Entry, SignInForm, SignInFrame, useAttempt } from './frame.tsx'
import { NextStep } from './next-step.tsx'

/** The pages to which links in letters lead. What is behind the # is the secret; no server has seen it before the button is pressed. */
interface Props {
  readonly secret: string
  readonly onIn: () => void
}

/** Without a secret: to whom the letter goes. */
export const Reset = ({ secret }: Props) => (secret === '' ? <AskReset /> : <SetPassword secret={secret} />)

const AskReset = () => (
  <AskLetter
    title="Forgot your password?"
    about="We send a link to your address with which you set a new one."
    sent={(email) => `If somebody signs in with ${email}, a letter is on its way there.`}
    send={askReset}
  />
)

function SetPassword({ secret }: { readonly secret: string }) {
  const [password, setPassword] = useState('')
  const [isDone, setDone] = useState(false)
  const attempt = useAttempt(passwordFault)
  if (isDone)
    return (
      <SignInFrame title="Your password is set" about="Every session that there was has ended.">
        <a className="btn primary form" href="/">
          Sign in
        </a>
      </SignInFrame>
    )
  const submit = (): void =>
    attempt.run(async () => {
      await resetPassword(secret, password)
      setDone(true)
    })
  return (
    <SignInFrame title="Set a new password" about="A few unrelated words are a good one.">
      <SignInForm attempt={attempt} submit="Set the password" ready={password !== ''} onSubmit={submit}>
        <Entry
          id="password"
          label="New password"
          type="password"
          autoComplete="new-password"
          autoFocus
          value={password}
          onText={setPassword}
          fault={attempt.fault}
        />
      </SignInForm>
      <ToSignIn />
    </SignInFrame>
  )
}

/** A button, not the mere opening: what looks through letters for danger opens their links too. */
function Confirm({ secret, purpose, title }: { readonly secret: string; readonly purpose: 'verify' | 'email'; readonly title: string }) {
  const [isDone, setDone] = useState(false)
  const attempt = useAttempt()
  if (isDone)
    return (
      <SignInFrame
        title={purpose === 'verify' ? 'Your address is confirmed' : 'Your address is changed'}
        about={purpose === 'verify' ? undefined : 'You sign in with it from now on. Every session that there was has ended.'}
      >
        <a className="btn primary form" href="/">
          Continue
        </a>
      </SignInFrame>
    )
  const submit = (): void =>
    attempt.run(async () => {
      await confirmEmail(purpose, secret)
      setDone(true)
    })
  return (
    <SignInFrame title={title}>
      <SignInForm attempt={attempt} submit="Confirm" onSubmit={submit} />
    </SignInFrame>
  )
}
export const Verify = ({ secret }: Props) => <Confirm secret={secret} purpose="verify" title="Confirm your e-mail address" />
export const ChangeEmail = ({ secret }: Props) => <Confirm secret={secret} purpose="email" title="Use this address from now on" />

export function Invitation({ secret, onIn }: Props) {
  const { data: invitation, error } = useQuery({
    queryKey: ['invitation', secret],
    queryFn: () => lookAtInvitation(secret),
    staleTime: Infinity,
    retry: false,
  })
  const [password, setPassword] = useState('')
  const [asked, setAsked] = useState<SignInOutcome | null>(null)
  const attempt = useAttempt(passwordFault)
  const advance = (outcome: SignInOutcome): void => (outcome.kind === 'in' ? onIn() : setAsked(outcome))
  if (error)
    return (
      <SignInFrame title="The invitation cannot be used" about={problemText(error)}>
        <ToSignIn />
      </SignInFrame>
    )
  if (!invitation) return <SignInFrame title="Opening the invitation" />
  if (asked && asked.kind !== 'in') return <NextStep asked={asked} onOutcome={advance} onBack={() => window.location.assign('/')} />
  const isNew = invitation.account === 'new'
  return (
    <SignInFrame
      title={`Join ${invitation.tenant}`}
      about={
        isNew
          ? `You will sign in as ${invitation.email}. Choose a password: a few unrelated words are a good one.`
          : `You have an account with ${invitation.email}. Its password adds ${invitation.tenant} to it.`
      }
    >
      <SignInForm
        attempt={attempt}
        submit={`Join ${invitation.tenant}`}
        ready={password !== ''}
        onSubmit={() => attempt.run(async () => advance(await acceptInvitation(secret, password)))}
      >
        {/* What a password manager keeps the password under. */}
        <input type="email" autoComplete="username" value={invitation.email} readOnly hidden />
        <Entry
          id="password"
          label={isNew ? 'New password' : 'Password'}
          type="password"
          autoComplete={isNew ? 'new-password' : 'current-password'}
          autoFocus
          value={password}
          onText={setPassword}
          fault={attempt.fault}
        />
      </SignInForm>
      <ToSignIn />
    </SignInFrame>
  )
}
