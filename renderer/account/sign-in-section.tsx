import { useState, type ComponentProps } from 'react'
import { askEmailChange, askEmailVerification, setPassword, useAccount, type Account } from '../api/account.ts'
import { saidOf, problemText } from '../api/problem.ts'
import { formatInstant } from '../fields/dates.ts'
import { useLocale } from '../fields/locale.ts'
import { SettingsForm, SettingsRow, SettingsSection } from '../shell/settings.tsx'
import { Failure } from '../shell/states.tsx'
import { failed, toast } from '../shell/toast.tsx'
import { useProven } from './proof.tsx'

/** Under which address one signs in, and by which password. */
export function SignInSection() {
  const { data: account, error, refetch } = useAccount()
  if (error && !account) return <Failure title="Your account could not be loaded" error={error} onRetry={() => void refetch()} />
  return (
    <SettingsSection
      title="Sign-in"
      about={
        account?.isOwn === false
          ? 'You came in by your company’s identity provider. To change what is here, sign in with your password.'
          : 'This is yours in every workspace that you belong to.'
      }
    >
      {account && <Email account={account} />}
      {account && <Password account={account} />}
    </SettingsSection>
  )
}

function Email({ account: { email, emailVerified, isOwn } }: { readonly account: Account }) {
  const proven = useProven()
  const [isChanging, setChanging] = useState(false)
  const verify = (): void => {
    askEmailVerification().then(
      () => toast(`A letter with a link is on its way to ${email}.`),
      (error: unknown) => failed('No letter was sent', error),
    )
  }
  const change = async (next: string): Promise<void> => {
    await proven(() => askEmailChange(next))
    setChanging(false)
    toast(`A letter is on its way to ${next}. The address changes when its link is opened.`)
  }
  return (
    <SettingsRow
      name="E-mail"
      actions={
        <>
          {!emailVerified && (
            <button className="btn form" onClick={verify}>
              Confirm
            </button>
          )}
          {isOwn && !isChanging && (
            <button className="btn form" onClick={() => setChanging(true)} aria-label="Change the e-mail address">
              Change
            </button>
          )}
        </>
      }
    >
      {isChanging ? (
        <OneField
          type="email"
          autoComplete="email"
          label="New e-mail address"
          submit="Send a link"
          sayOf={problemText}
          onSubmit={change}
          onCancel={() => setChanging(false)}
        />
      ) : (
        <>
          {email} {!emailVerified && <span className="muted">not confirmed</span>}
        </>
      )}
    </SettingsRow>
  )
}

function Password({ account: { passwordChangedAt, isOwn, hasPassword } }: { readonly account: Account }) {
  const proven = useProven()
  const locale = useLocale()
  const sayOf = (error: unknown): string => {
    const told = saidOf(error, 'password')
    return told === null ? problemText(error) : `The password ${told}.`
  }
  const change = async (password: string): Promise<void> => {
    await proven(() => setPassword(password))
    toast('The password was changed. Every other session has ended.')
  }
  return (
    <SettingsRow name="Password">
      {isOwn ? (
        <OneField
          type="password"
          autoComplete="new-password"
          label="New password"
          submit={hasPassword ? 'Change' : 'Set'}
          sayOf={sayOf}
          onSubmit={change}
        />
      ) : (
        !hasPassword && <span className="muted">None: your company’s identity provider lets you in</span>
      )}
      {passwordChangedAt !== null && <p className="caption faint">Changed {formatInstant(passwordChangedAt, locale)}</p>}
    </SettingsRow>
  )
}

/** One thing that is typed and sent; what is wrong with it stands below. */
function OneField({
  label,
  submit,
  sayOf,
  onSubmit,
  onCancel,
  ...input
}: {
  readonly label: string
  readonly submit: string
  readonly sayOf: (error: unknown) => string
  readonly onSubmit: (text: string) => Promise<void>
  readonly onCancel?: () => void
} & Pick<ComponentProps<'input'>, 'type' | 'autoComplete'>) {
  const [text, setText] = useState('')
  return (
    <SettingsForm
      sayOf={sayOf}
      submit={submit}
      ready={text.trim() !== ''}
      onCancel={onCancel}
      onSubmit={async () => {
        await onSubmit(text)
        setText('')
      }}
    >
      <input
        {...input}
        className="input"
        aria-label={label}
        placeholder={label}
        autoFocus={onCancel !== undefined}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
    </SettingsForm>
  )
}
