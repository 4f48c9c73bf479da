import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { hasPasskeys } from '../api/passkeys.ts'
import { problemText } from '../api/problem.ts'
import { signedIn } from '../api/session.ts'
import {
  beginEnrolment,
  choosePassword,
  chooseTenant,
  finishEnrolment,
  proveFactor,
  provePasskey,
  type FactorWay,
  type SignInOutcome,
} from '../api/sign-in.ts'
import { initials } from '../shell/initials.ts'
import { passwordFault } from './ask-letter.tsx'
import { EnrolmentPicture, RecoveryCodes } from './enrolment.tsx'
import { Entry, Fault, SignInForm, SignInFrame, useAttempt } from './frame.tsx'

type Asked = Exclude<SignInOutcome, { readonly kind: 'in' }>
interface StepProps<Kind extends Asked['kind']> {
  readonly asked: Extract<Asked, { readonly kind: Kind }>
  readonly onOutcome: (outcome: SignInOutcome) => void
  readonly onBack: () => void
}

/** Whatever is asked for between a first proof and a session, by whichever door somebody came. */
export function NextStep({ asked, onOutcome, onBack }: StepProps<Asked['kind']>) {
  const more = { onOutcome, onBack }
  if (asked.kind === 'tenants') return <TenantStep asked={asked} {...more} />
  if (asked.kind === 'factor') return <FactorStep asked={asked} {...more} />
  if (asked.kind === 'enrol') return <EnrolStep asked={asked} {...more} />
  if (asked.kind === 'password') return <PasswordStep asked={asked} {...more} />
  return <CodesStep asked={asked} {...more} />
}

function TenantStep({ asked, onOutcome, onBack }: StepProps<'tenants'>) {
  const attempt = useAttempt()
  return (
    <SignInFrame title="Choose a workspace">
      <div className="tenant-list">
        {asked.tenants.map((tenant) => (
          <button
            key={tenant.id}
            className="tenant"
            disabled={attempt.busy}
            onClick={() => attempt.run(async () => onOutcome(await chooseTenant(asked.selectToken, tenant.slug)))}
          >
            <span className="workspace-mark" aria-hidden>
              {initials(tenant.name)}
            </span>
            <span className="strong">{tenant.name}</span>
          </button>
        ))}
      </div>
      <Fault>{attempt.fault}</Fault>
      <Back onBack={onBack} />
    </SignInFrame>
  )
}

const ways: Readonly<Record<FactorWay, { readonly title: string; readonly about: string; readonly choose: string }>> = {
  passkey: { title: 'Use your passkey', about: 'The device or security key that you set up asks for it.', choose: 'Use a passkey' },
  code: { title: 'Enter your code', about: 'It is the six digits that your authenticator app shows now.', choose: 'Use a code of the app' },
  recoveryCode: { title: 'Use a recovery code', about: 'Each of your ten recovery codes works once.', choose: 'The app is not at hand' },
}

function FactorStep({ asked, onOutcome, onBack }: StepProps<'factor'>) {
  const open = asked.methods.filter((way) => way !== 'passkey' || hasPasskeys())
  const [way, setWay] = useState<FactorWay>(open[0] ?? 'recoveryCode')
  const [text, setText] = useState('')
  const attempt = useAttempt()
  const { title, about } = ways[way]
  const prove = (): void =>
    attempt.run(async () => {
      const outcome =
        way === 'passkey'
          ? await provePasskey(asked.mfaToken)
          : await proveFactor(asked.mfaToken, way === 'code' ? { code: text } : { recoveryCode: text })
      onOutcome(outcome)
    })
  return (
    <SignInFrame title={title} about={about}>
      <SignInForm attempt={attempt} submit="Continue" ready={way === 'passkey' || text.trim() !== ''} onSubmit={prove}>
        {way !== 'passkey' && (
          <Entry
            key={way}
            id="factor"
            label={way === 'code' ? 'Code' : 'Recovery code'}
            inputMode={way === 'code' ? 'numeric' : 'text'}
            autoComplete={way === 'code' ? 'one-time-code' : 'off'}
            autoFocus
            value={text}
            onText={setText}
            fault={attempt.fault}
          />
        )}
      </SignInForm>
      {open
        .filter((each) => each !== way)
        .map((each) => (
          <button
            key={each}
            className="link"
            onClick={() => {
              setWay(each)
              setText('')
              attempt.tell(null)
            }}
          >
            {each === 'recoveryCode' && way === 'passkey' ? 'The passkey is not at hand' : ways[each].choose}
          </button>
        ))}
      <Back onBack={onBack} />
    </SignInFrame>
  )
}

function EnrolStep({ asked, onOutcome, onBack }: StepProps<'enrol'>) {
  // One secret for as long as this is asked, whatever is focused in between.
  const { data: begun, error } = useQuery({
    queryKey: ['enrolment', asked.mfaToken],
    queryFn: () => beginEnrolment(asked.mfaToken),
    staleTime: Infinity,
    retry: false,
  })
  const [code, setCode] = useState('')
  const attempt = useAttempt()
  return (
    <SignInFrame
      title="Set up a second factor"
      about={`${asked.tenant.name} asks everybody for one. Read this picture with an authenticator app, such as the one in your password manager.`}
    >
      {error && <Fault>{problemText(error)}</Fault>}
      {begun && (
        <>
          <EnrolmentPicture {...begun} />
          <SignInForm
            attempt={attempt}
            submit="Continue"
            ready={code.trim() !== ''}
            onSubmit={() => attempt.run(async () => onOutcome(await finishEnrolment(asked.mfaToken, begun.factor, code)))}
          >
            <Entry
              id="factor"
              label="Code that the app shows"
              inputMode="numeric"
              autoComplete="one-time-code"
              value={code}
              onText={setCode}
              fault={attempt.fault}
            />
          </SignInForm>
        </>
      )}
      <Back onBack={onBack} />
    </SignInFrame>
  )
}

function PasswordStep({ asked, onOutcome, onBack }: StepProps<'password'>) {
  const [password, setPassword] = useState('')
  const attempt = useAttempt(passwordFault)
  return (
    <SignInFrame
      title="Choose your own password"
      about="The one that you came in with was given to you, so somebody else knows it. A few unrelated words are a good one."
    >
      <SignInForm
        attempt={attempt}
        submit="Continue"
        ready={password !== ''}
        onSubmit={() => attempt.run(async () => onOutcome(await choosePassword(asked.mfaToken, password)))}
      >
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
      <Back onBack={onBack} />
    </SignInFrame>
  )
}

function CodesStep({ asked, onOutcome }: StepProps<'codes'>) {
  const finish = (): void => {
    signedIn(asked.accessToken)
    onOutcome({ kind: 'in' })
  }
  return (
    <SignInFrame
      title="Keep your recovery codes"
      about="Each signs you in once when your app is not at hand. They are shown only now; keep them where your passwords are."
    >
      <RecoveryCodes codes={asked.recoveryCodes} />
      <button className="btn primary form" onClick={finish}>
        I have kept them
      </button>
    </SignInFrame>
  )
}

const Back = ({ onBack }: { readonly onBack: () => void }) => (
  <button className="link" onClick={onBack}>
    Back
  </button>
)
