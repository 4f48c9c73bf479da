import { describe, expect, it } from 'vitest'
import { createPasswords } from './passwords.ts'

const passwords = createPasswords({ passwordHashesAtOnce: 2, passwordHashesWaiting: 100 })

describe('passwords', () => {
  it('refuses a wrong password, an unknown account, and a stored text that is no hash', async () => {
    const hash = await passwords.hash('correct horse battery')
    expect(await passwords.verify('correct horse batterz', hash)).toBe(false)
    expect(await passwords.verify('correct horse battery', null)).toBe(false)
    expect(await passwords.verify('', '')).toBe(false)
    expect(await passwords.verify('correct horse battery', 'correct horse battery')).toBe(false)
    expect(await passwords.verify('x', hash.replace('argon2id', 'argon2i'))).toBe(false)
  })

  it('accepts the right one, however its accents were typed', async () => {
    const hash = await passwords.hash('pässwörd für alle')
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
    expect(await passwords.verify('pässwörd für alle'.normalize('NFD'), hash)).toBe(true)
  })

  it('verifies a hash made by another implementation with other costs', async () => {
    // RFC 9106 has no vector without secret and associated data; this one is from the reference implementation's own tests.
    const reference = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4'
    expect(await passwords.verify('password', reference)).toBe(true)
    expect(await passwords.verify('Password', reference)).toBe(false)
  })

  it('gives the same password another hash each time', async () => {
    expect(await passwords.hash('correct horse battery')).not.toBe(await passwords.hash('correct horse battery'))
  })

  it('sends away whoever would wait behind too many, and serves everybody in line', async () => {
    const narrow = createPasswords({ passwordHashesAtOnce: 1, passwordHashesWaiting: 2 })
    const results = await Promise.allSettled([1, 2, 3, 4, 5].map(() => narrow.verify('x', null)))
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'])
    expect(await narrow.verify('x', null)).toBe(false)
  })
})
