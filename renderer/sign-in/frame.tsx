import { useState, type ComponentProps, type FormEvent, type ReactNode } from 'react'
import { useQuery } from '@tanstack/react-query'
import { problemText } from '../api/problem.ts'
import { whereAmI, type Face } from '../api/sign-in.ts'
import './sign-in.css'

const useHere = () => useQuery({ queryKey: ['here'], queryFn: whereAmI, staleTime: Infinity, retry: false }).data
export const useFace = (): Face | null => useHere()?.workspace ?? null
export const useSignUp = (): boolean => useHere()?.signUp === true
export const useDemo = (): boolean => useHere()?.demo === true

/** The card in which everything stands that comes before a session: one question at a time. */
export function SignInFrame({
  title,
  about,
  wide = false,
  children,
}: {
  readonly title: string
  readonly about?: ReactNode
  readonly wide?: boolean
  readonly children?: ReactNode
}) {
  const face = useFace()
  return (
    <main className="sign-in">
      <div className="sign-in-card" data-wide={wide || undefined}>
        <img className="sign-in-logo" src={face?.logo ?? '/icon.svg'} alt={face?.logo ? face.name : ''} />
        <h1 className="title">{title}</h1>
        {about !== undefined && <p className="muted">{about}</p>}
        {children}
      </div>
    </main>
  )
}

/** What a screen is doing, and what came of it last. */
export interface Attempt {
  readonly busy: boolean
  readonly fault: string | null
  /** Runs one thing at a time; a fault is told until the next one. */
  readonly run: (work: () => Promise<void>) => void
  /** Null: nothing is wrong any more. */
  readonly tell: (fault: string | null) => void
}
export function useAttempt(sayOf: (error: unknown) => string = problemText): Attempt {
  const [busy, setBusy] = useState(false)
  const [fault, setFault] = useState<string | null>(null)
  const run = (work: () => Promise<void>): void => {
    if (busy) return
    setBusy(true)
    setFault(null)
    work()
      .catch((error: unknown) => setFault(sayOf(error)))
      .finally(() => setBusy(false))
  }
  return { busy, fault, run, tell: setFault }
}

export const Fault = ({ children }: { readonly children: string | null }) =>
  children === null ? null : (
    <p className="fault" id="sign-in-fault" role="alert">
      {children}
    </p>
  )

/** A form with one solid button; what is wrong stands right above it. */
export function SignInForm({
  attempt,
  submit,
  ready = true,
  onSubmit,
  children,
}: {
  readonly attempt: Attempt
  /** The button's title. */
  readonly submit: string
  readonly ready?: boolean
  readonly onSubmit: () => void
  readonly children?: ReactNode
}) {
  const send = (event: FormEvent): void => {
    event.preventDefault()
    onSubmit()
  }
  return (
    <form onSubmit={send} noValidate>
      {children}
      <Fault>{attempt.fault}</Fault>
      <button className="btn primary form" type="submit" disabled={attempt.busy || !ready} aria-busy={attempt.busy}>
        {submit}
      </button>
    </form>
  )
}

export function Entry({
  label,
  aside,
  fault,
  onText,
  ...input
}: {
  readonly label: string
  /** At the end of the label's line. */
  readonly aside?: ReactNode
  readonly fault: string | null
  readonly onText: (text: string) => void
} & Omit<ComponentProps<'input'>, 'onChange' | 'className'> & { readonly id: string }) {
  return (
    <>
      <div className="entry-label">
        <label className="label" htmlFor={input.id}>
          {label}
        </label>
        {aside}
      </div>
      <input
        {...input}
        className={input.inputMode === 'numeric' ? 'input num' : 'input'}
        onChange={(event) => onText(event.currentTarget.value)}
        aria-describedby={fault === null ? undefined : 'sign-in-fault'}
      />
    </>
  )
}
