import type { ZxcvbnFactory } from '@zxcvbn-ts/core'
import { limits } from '../config.ts'
import { Problem } from '../problems.ts'

/** 10⁸ guesses: beyond what anybody tries against a slow hash. */
const enough = 3

/** Read when the first password is chosen: the list of common passwords takes some 30 MB. */
let estimator: Promise<ZxcvbnFactory> | undefined
const load = async (): Promise<ZxcvbnFactory> => {
  const [{ ZxcvbnFactory: Factory }, { dictionary, adjacencyGraphs }] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
  ])
  return new Factory({ dictionary, graphs: adjacencyGraphs })
}

/**
 * Refuses a password that is too short, among the common ones (or one of them in disguise), or made of what is known of the person (`about`:
 * address, names). Length and guessability are all that counts: no rules about kinds of characters (NIST SP 800-63B, 3.1.1). Throws
 * 'request-invalid' at `pointer`.
 */
export async function judgePassword(password: string, about: readonly string[], pointer = '/password'): Promise<void> {
  const refuse = (detail: string): never => {
    throw new Problem('request-invalid', '', { faults: [{ pointer, detail }] })
  }
  if (Array.from(password).length < limits.passwordMinCharacters) refuse(`must have at least ${limits.passwordMinCharacters} characters`)
  if (password.length > limits.passwordMaxCharacters) refuse(`may have at most ${limits.passwordMaxCharacters} characters`)
  const words = about.flatMap((text) => [text, ...text.split(/[\s@._-]+/)]).filter((word) => word.length > 2)
  const { score } = (await (estimator ??= load())).check(password.slice(0, limits.passwordJudgedCharacters), ['businessos', ...words])
  if (score < enough)
    refuse('is too easy to guess: it is common, or made of what everybody knows of you. A few unrelated words are a good password')
}
