import { Problem } from '../problems.ts'

/** TXT records of a name; rejects where there are none. */
export type ResolveTxt = (name: string) => Promise<readonly (readonly string[])[]>

/** Names (hosts, domains of addresses) as they are compared: lower case, of at least two parts. */
export const nameForm = /^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/

/** Whoever may write a TXT record of a name is taken for its owner. Throws 'conflict' while none says `businessos-verification={token}`. */
export async function assertOwned(resolveTxt: ResolveTxt, name: string, token: string): Promise<void> {
  const wanted = `businessos-verification=${token}`
  const records = await resolveTxt(name).catch(() => [])
  if (!records.some((parts) => parts.join('') === wanted))
    throw new Problem('conflict', `No TXT record of ${name} says ${wanted} yet. It may take a while until others see a new one.`)
}
