import { createHash, createPublicKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { isoCBOR } from '@simplewebauthn/server/helpers'

/** A security key in software: makes one passkey for a site and signs its challenges, ES256, attestation `none`. */
export interface Authenticator {
  /** Answers options of a registration, as a browser's `toJSON()` does. */
  register(options: { readonly challenge: string; readonly rp: { readonly id?: string } }): Record<string, unknown>
  /** Answers options of a sign-in. */
  authenticate(options: { readonly challenge: string; readonly rpId?: string }, changes?: Changes): Record<string, unknown>
}
/** What a bad one does otherwise. */
export interface Changes {
  readonly origin?: string
  readonly isUserVerified?: boolean
  /** In place of the next one. */
  readonly counter?: number
  readonly rpId?: string
}

const flags = { present: 0x01, verified: 0x04, hasCredential: 0x40 } as const

export function createAuthenticator(origin: string): Authenticator {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const id = randomBytes(32)
  let counter = 0
  const credential = { id: id.toString('base64url'), rawId: id.toString('base64url'), type: 'public-key', clientExtensionResults: {} }

  const clientData = (type: string, challenge: string, from: string): Buffer =>
    Buffer.from(JSON.stringify({ type, challenge, origin: from, crossOrigin: false }))
  const head = (rpId: string, bits: number, count: number): Buffer => {
    const counted = Buffer.alloc(4)
    counted.writeUInt32BE(count)
    return Buffer.concat([createHash('sha256').update(rpId).digest(), Buffer.from([bits]), counted])
  }

  return {
    register: ({ challenge, rp }) => {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(id.length)
      const authData = Buffer.concat([
        head(rp.id ?? '', flags.present | flags.verified | flags.hasCredential, counter),
        Buffer.alloc(16),
        length,
        id,
        coseKey(publicKey),
      ])
      const attestation = isoCBOR.encode(
        new Map<string, unknown>([
          ['fmt', 'none'],
          ['attStmt', new Map()],
          ['authData', new Uint8Array(authData)],
        ]) as never,
      )
      return {
        ...credential,
        response: {
          clientDataJSON: clientData('webauthn.create', challenge, origin).toString('base64url'),
          attestationObject: Buffer.from(attestation).toString('base64url'),
          transports: ['usb'],
        },
      }
    },
    authenticate: ({ challenge, rpId = '' }, changes = {}) => {
      counter += 1
      const bits = flags.present | (changes.isUserVerified === false ? 0 : flags.verified)
      const data = clientData('webauthn.get', challenge, changes.origin ?? origin)
      const authData = head(changes.rpId ?? rpId, bits, changes.counter ?? counter)
      const signed = Buffer.concat([authData, createHash('sha256').update(data).digest()])
      return {
        ...credential,
        response: {
          clientDataJSON: data.toString('base64url'),
          authenticatorData: authData.toString('base64url'),
          signature: sign('sha256', signed, privateKey).toString('base64url'),
        },
      }
    },
  }
}

/** RFC 9053: an EC2 key on P-256. */
function coseKey(key: KeyObject): Buffer {
  const { x = '', y = '' } = createPublicKey(key.export({ type: 'spki', format: 'pem' })).export({ format: 'jwk' })
  const entries: [number, number | Uint8Array][] = [
    [1, 2],
    [3, -7],
    [-1, 1],
    [-2, new Uint8Array(Buffer.from(x, 'base64url'))],
    [-3, new Uint8Array(Buffer.from(y, 'base64url'))],
  ]
  return Buffer.from(isoCBOR.encode(new Map(entries) as never))
}
