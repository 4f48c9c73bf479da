import { useQuery } from '@tanstack/react-query'
import { problemText } from '../api/problem.ts'
import { storedLetters } from '../api/sign-in.ts'
import { formatInstant } from '../fields/dates.ts'
import { localeFor } from '../fields/locale.ts'
import { Fault, SignInFrame } from './frame.tsx'

/** Nobody is signed in whose settings would say. */
const locale = localeFor(navigator.language, new Intl.DateTimeFormat().resolvedOptions().timeZone, 'EUR')

/** What a demo would have sent: there is no mail server behind it. */
export function MailFolder() {
  const { data: letters, error } = useQuery({ queryKey: ['mail'], queryFn: storedLetters, refetchInterval: 3000, retry: false })
  return (
    <SignInFrame
      wide
      title="Mail of this demo"
      about="No mail server is set up, so letters are kept here. Nobody outside this machine has got them."
    >
      {error && <Fault>{problemText(error)}</Fault>}
      {letters?.length === 0 && <p className="muted">No letters yet. Ask for a new password, or invite somebody.</p>}
      <ul className="mail-folder" aria-busy={!letters && !error}>
        {letters?.map((letter) => (
          <li key={letter.id} className="mail-letter">
            <p className="strong">{letter.subject}</p>
            <p className="caption faint">
              To {letter.to} · {formatInstant(letter.at, locale)}
            </p>
            <details>
              <summary>Text</summary>
              <p className="mail-text">{letter.text}</p>
            </details>
            {letter.link !== null && (
              <a className="link" href={letter.link}>
                Open its link
              </a>
            )}
          </li>
        ))}
      </ul>
      <a className="link" href="/">
        Back to signing in
      </a>
    </SignInFrame>
  )
}
