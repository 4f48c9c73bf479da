import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { isProblem, problemText } from '../api/problem.ts'
import { askSignUp, foundWorkspace, lookAtSignUp, type SignInOutcome } from '../api/sign-in.ts'
import { AskLetter, passwordFault, ToSignIn } from './ask-letter.tsx'
import { Entry, SignInForm, SignInFrame, useAttempt } from './frame.tsx'
import { NextStep } from './next-step.tsx'

interface Props {
  readonly secret: string
  readonly onIn: () => void
}

/** Somebody begins a workspace of their own: first the address, then, by the link of a letter, what it is called. */
export const SignUp = (props: Props) =>
  props.secret === '' ? (
    <AskLetter
      title="Begin a workspace"
      about="We send a link to your address, with which you name your workspace."
      sent={(email) => `A letter is on its way to ${email}.`}
      send={askSignUp}
    />
  ) : (
    <Found {...props} />
  )

const currencies = Intl.supportedValuesOf('currency')
/** As this device has it; all of it can be changed later. */
const here = { locale: navigator.language, timeZone: new Intl.DateTimeFormat().resolvedOptions().timeZone }

function Found({ secret, onIn }: Props) {
  const { data: founder, error } = useQuery({
    queryKey: ['sign-up', secret],
    queryFn: () => lookAtSignUp(secret),
    staleTime: Infinity,
    retry: false,
  })
  const [name, setName] = useState('')
  const [person, setPerson] = useState('')
  const [password, setPassword] = useState('')
  const [currency, setCurrency] = useState('EUR')
  const [asked, setAsked] = useState<SignInOutcome | null>(null)
  const attempt = useAttempt((cause) => (isProblem(cause) ? passwordFault(cause) : problemText(cause)))
  const advance = (outcome: SignInOutcome): void => (outcome.kind === 'in' ? onIn() : setAsked(outcome))
  if (error)
    return (
      <SignInFrame title="This link cannot be used" about={problemText(error)}>
        <ToSignIn />
      </SignInFrame>
    )
  if (!founder) return <SignInFrame title="Opening the link" />
  if (asked && asked.kind !== 'in') return <NextStep asked={asked} onOutcome={advance} onBack={() => window.location.assign('/')} />
  const isNew = founder.account === 'new'
  const founding = { name: name.trim(), person: person.trim(), password, currency, ...here }
  return (
    <SignInFrame
      title="Your workspace"
      about={
        isNew
          ? `You will sign in as ${founder.email}. A few unrelated words are a good password.`
          : `You have an account with ${founder.email}. Its password adds the workspace to it.`
      }
    >
      <SignInForm
        attempt={attempt}
        submit="Begin"
        ready={name.trim() !== '' && person.trim() !== '' && password !== ''}
        onSubmit={() => attempt.run(async () => advance(await foundWorkspace(secret, founding)))}
      >
        <Entry
          id="workspace"
          label="Name of the workspace"
          autoComplete="organization"
          autoFocus
          value={name}
          onText={setName}
          fault={attempt.fault}
        />
        <Entry id="person" label="Your name" autoComplete="name" value={person} onText={setPerson} fault={attempt.fault} />
        <div className="entry-label">
          <label className="label" htmlFor="currency">
            Currency of its books
          </label>
        </div>
        <select id="currency" className="input" value={currency} onChange={(event) => setCurrency(event.currentTarget.value)}>
          {currencies.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
        {/* What a password manager keeps the password under. */}
        <input type="email" autoComplete="username" value={founder.email} readOnly hidden />
        <Entry
          id="password"
          label={isNew ? 'New password' : 'Password'}
          type="password"
          autoComplete={isNew ? 'new-password' : 'current-password'}
          value={password}
          onText={setPassword}
          fault={attempt.fault}
        />
      </SignInForm>
      <ToSignIn />
    </SignInFrame>
  )
}
