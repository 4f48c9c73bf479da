import { createContext, use, useCallback, useMemo, useState, type FormEvent, type ReactNode } from 'react'
import { prove, proveByPasskey, type Account } from '../api/account.ts'
import { callJson } from '../api/client.ts'
import { hasPasskeys } from '../api/passkeys.ts'
import { isProblem, problemText } from '../api/problem.ts'
import { Dialog } from '../shell/dialog.tsx'

/** Runs what may ask for a fresh proof of who one is; where it does, asks the person and runs it again. Rejects where they would rather not. */
export type Proven = <T>(work: () => Promise<T>) => Promise<T>

const ProofContext = createContext<Proven>((work) => work())
export const useProven = (): Proven => use(ProofContext)

interface Asked {
  readonly ways: Ways
  readonly settle: (proved: boolean) => void
}
/** A second factor where there is one, else the password. */
interface Ways {
  readonly passkey: boolean
  readonly typed: 'code' | 'password' | null
}

function waysOf({ factors, hasPassword }: Account): Ways {
  const has = (kind: 'totp' | 'passkey'): boolean => factors.some((each) => each.kind === kind)
  if (factors.length === 0) return { passkey: false, typed: hasPassword ? 'password' : null }
  return { passkey: has('passkey') && hasPasskeys(), typed: has('totp') ? 'code' : null }
}

export function ProofProvider({ children }: { readonly children: ReactNode }) {
  const [asked, setAsked] = useState<Asked | null>(null)
  const ask = useCallback(async (): Promise<boolean> => {
    const ways = waysOf(await callJson<Account>('GET', '/api/account'))
    return new Promise((resolve) => {
      setAsked({ ways, settle: resolve })
    })
  }, [])
  const proven = useMemo<Proven>(
    () => async (work) => {
      try {
        return await work()
      } catch (error) {
        if (!isProblem(error, 'proof-required')) throw error
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
      {asked && <ProofDialog ways={asked.ways} onSettled={settle} />}
    </ProofContext>
  )
}

const typedNames = { code: 'Code of your authenticator app', password: 'Password' } as const

function ProofDialog({ ways: { passkey, typed }, onSettled }: { readonly ways: Ways; readonly onSettled: (proved: boolean) => void }) {
  const [text, setText] = useState('')
  const [fault, setFault] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const run = (work: () => Promise<void>): void => {
    setBusy(true)
    setFault(null)
    work()
      .then(() => onSettled(true))
      .catch((error: unknown) => setFault(problemText(error)))
      .finally(() => setBusy(false))
  }
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    run(() => prove(typed === 'code' ? { code: text } : { password: text }))
  }
  return (
    <Dialog title="Prove that it is you" size={400} onClose={() => onSettled(false)}>
      <p className="muted">This changes who can get in. It takes a proof that is younger than ten minutes.</p>
      {passkey && (
        <button className={`btn form ${typed === null ? 'primary' : ''}`} disabled={busy} onClick={() => run(proveByPasskey)}>
          Use a passkey
        </button>
      )}
      {typed !== null && (
        <form className="dialog-form" onSubmit={submit}>
          <label className="label" htmlFor="proof">
            {typedNames[typed]}
          </label>
          <input
            className="input"
            id="proof"
            type={typed === 'code' ? 'text' : 'password'}
            inputMode={typed === 'code' ? 'numeric' : undefined}
            autoComplete={typed === 'code' ? 'one-time-code' : 'current-password'}
            autoFocus
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <button className="btn primary form" type="submit" disabled={busy || text === ''}>
            Continue
          </button>
        </form>
      )}
      {!passkey && typed === null && <p className="muted">You have nothing to prove it with here: sign out, and sign in again.</p>}
      {fault !== null && (
        <p className="fault" role="alert">
          {fault}
        </p>
      )}
    </Dialog>
  )
}
