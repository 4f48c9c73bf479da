import type { AppEnrolment } from '../api/sign-in.ts'
import './enrolment.css'

/** What an authenticator app reads; the secret is for whoever cannot hold a camera in front of this screen. */
export const EnrolmentPicture = ({ qr, secret }: Pick<AppEnrolment, 'qr' | 'secret'>) => (
  <div className="enrolment">
    <img className="enrolment-qr" src={`data:image/svg+xml,${encodeURIComponent(qr)}`} alt="QR code for the authenticator app" />
    <p className="muted">
      No camera? Enter this key in the app: <span className="enrolment-secret">{secret}</span>
    </p>
  </div>
)

/** Shown once. What is copied or kept is one code per line. */
export function RecoveryCodes({ codes }: { readonly codes: readonly string[] }) {
  const text = `${codes.join('\n')}\n`
  return (
    <>
      <ol className="recovery-codes" aria-label="Recovery codes">
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ol>
      <div className="row">
        <button className="btn form" type="button" onClick={() => void navigator.clipboard.writeText(text)}>
          Copy
        </button>
        <a className="btn form" href={`data:text/plain;charset=utf-8,${encodeURIComponent(text)}`} download="recovery-codes.txt">
          Download
        </a>
      </div>
    </>
  )
}
