import { hash, timingSafeEqual } from 'node:crypto'
import { Problem } from '../problems.ts'
import { bearer } from './actors.ts'

/**
 * The operator's door. Without OPERATOR_TOKEN it does not exist (404, like any unknown address). Hashes are compared, so that
 * neither content nor length shows in the time.
 */
export function operatorGuard(operatorToken: string | null): (authorization: string | undefined) => void {
  const expected = operatorToken === null ? null : hash('sha256', operatorToken, 'buffer')
  return (authorization) => {
    if (!expected) throw new Problem('not-found', 'There is no such address.')
    const token = bearer(authorization)
    if (token === null || !timingSafeEqual(hash('sha256', token, 'buffer'), expected))
      throw new Problem('not-authenticated', 'This needs the operator token.')
  }
}
