import { toString as qrCode } from 'qrcode'
import { limits } from '../config.ts'
import type { Enrolment, Proof } from '../identity/factors.ts'
import type { Answered } from '../identity/passkeys.ts'
import { exactText, objectValue, optional, readMembers, text, type MemberReader } from './input.ts'
import { Problem } from '../problems.ts'

/** A passkey's answer as the browser gave it, with the secret of the challenge that it answers. */
export const passkeyAnswer = { challenge: exactText(limits.secretCharacters), response: objectValue }

const proofReaders = {
  password: optional(exactText(limits.passwordMaxCharacters)),
  code: optional(text(limits.secretCharacters)),
  recoveryCode: optional(text(limits.secretCharacters)),
  challenge: optional(passkeyAnswer.challenge),
  response: optional(passkeyAnswer.response),
}
type Read = { readonly [name in keyof typeof proofReaders]: (typeof proofReaders)[name] extends MemberReader<infer T> ? T : never }

/** Exactly one of the ways to prove something, beside the members of `readers`. */
export function readProof<T extends Record<string, unknown>>(
  body: unknown,
  readers: { readonly [name in keyof T]: MemberReader<T[name]> },
): T & Read {
  const read = readMembers<T & Read>(body, { ...proofReaders, ...readers } as {
    [name in keyof (T & Read)]: MemberReader<(T & Read)[name]>
  })
  const given = [read.password, read.code, read.recoveryCode, read.response].filter((each) => each !== null)
  if (given.length !== 1 || (read.response === null) !== (read.challenge === null))
    throw new Problem('request-invalid', '', {
      faults: [{ pointer: '', detail: 'must hold one proof: code, recoveryCode, or challenge with response' }],
    })
  return read
}

/** Throws 'request-invalid' for a password, which is no second factor. */
export function secondFactor({ code, recoveryCode, challenge, response }: Read): Proof | Answered {
  if (code !== null) return { code }
  if (recoveryCode !== null) return { recoveryCode }
  if (challenge !== null && response !== null) return { challenge, response }
  throw new Problem('request-invalid', '', { faults: [{ pointer: '/password', detail: 'is no second factor' }] })
}

/** Either a password or a second factor. */
export const anyProof = (read: Read): { readonly password: string } | Proof | Answered =>
  read.password === null ? secondFactor(read) : { password: read.password }

/** With the picture that an authenticator app reads: SVG text. */
export const shownEnrolment = async (enrolment: Enrolment): Promise<Enrolment & { readonly qr: string }> => ({
  ...enrolment,
  qr: await qrCode(enrolment.uri, { type: 'svg', margin: 2 }),
})
