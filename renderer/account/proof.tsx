import { Modal } from '@mantine/core'
import { createContext, use, useCallback, useMemo, useState, type FormEvent, type ReactNode } from 'react'
import { callJson } from '../api/client.ts'
import { ApiProblem, problemText } from '../api/problem.ts'

/** Runs what may ask for a fresh proof of who one is; where it does, asks the person and runs it again. Rejects where they would rather not. */
export type Proven = <T>(work: () => Promise<T>) => Promise<T>

const ProofContext = createContext<Proven>((work) => work())
export const useProven = (): Proven => use(ProofContext)

/** What the dialog asks for: the second factor where there is one, else the password. */
interface Asked {
  readonly hasFactor: boolean
  readonly settle: (proved: boolean) => void
}

export function ProofProvider({ children }: { readonly children: ReactNode }) {
  const [asked, setAsked] = useState<Asked | null>(null)
  const ask = useCallback(async (): Promise<boolean> => {
    const { factors } = await callJson<{ readonly factors: readonly unknown[] }>('GET', '/api/account')
    return new Promise((resolve) => {
      setAsked({ hasFactor: factors.length > 0, settle: resolve })
    })
  }, [])
  const proven = useMemo<Proven>(
    () => async (work) => {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof ApiProblem && error.code === 'proof-required')) throw error
        if (!(await ask())) throw error
        return work()
      }
    },
    [ask],
  )
  const settle = (proved: boolean): void => {
    asked?.settle(proved)
    setAsked(null)
  }
  return (
    <ProofContext value={proven}>
      {children}
      {asked && <ProofDialog hasFactor={asked.hasFactor} onSettled={settle} />}
    </ProofContext>
  )
}

function ProofDialog({ hasFactor, onSettled }: { readonly hasFactor: boolean; readonly onSettled: (proved: boolean) => void }) {
  const [text, setText] = useState('')
  const [fault, setFault] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const name = hasFactor ? 'Code of your authenticator app' : 'Password'
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    setBusy(true)
    setFault(null)
    callJson('POST', '/api/account/proof', { body: hasFactor ? { code: text } : { password: text } })
      .then(() => onSettled(true))
      .catch((error: unknown) => setFault(problemText(error)))
      .finally(() => setBusy(false))
  }
  return (
    <Modal opened onClose={() => onSettled(false)} title="Prove that it is you" size="sm">
      <form onSubmit={submit}>
        <p className="muted">This changes who can get in. It takes a proof that is younger than ten minutes.</p>
        <label className="label" htmlFor="proof">
          {name}
        </label>
        <input
          className="input"
          id="proof"
          type={hasFactor ? 'text' : 'password'}
          inputMode={hasFactor ? 'numeric' : undefined}
          autoComplete={hasFactor ? 'one-time-code' : 'current-password'}
          autoFocus
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {fault !== null && (
          <p className="fault" role="alert">
            {fault}
          </p>
        )}
        <button className="btn primary form" type="submit" disabled={busy || text === ''}>
          Continue
        </button>
      </form>
    </Modal>
  )
}
