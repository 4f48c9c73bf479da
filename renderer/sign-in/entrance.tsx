import type { ComponentType } from 'react'
import { Company } from './company.tsx'
import type { EntrancePath } from './entrances.ts'
import { ChangeEmail, Invitation, Reset, Verify } from './letters.tsx'
import { SignUp } from './sign-up.tsx'
import { MailFolder } from './mail-folder.tsx'

interface Props {
  /** What stood behind the # of the address; empty: nothing. */
  readonly secret: string
  readonly onIn: () => void
}
const pages: Readonly<Record<EntrancePath, ComponentType<Props>>> = {
  '/reset': Reset,
  '/verify': Verify,
  '/email': ChangeEmail,
  '/invitation': Invitation,
  '/sso': Company,
  '/sign-up': SignUp,
  '/mail': MailFolder,
}

/** A page that one opens without being signed in, whoever else may be. */
export function Entrance({ path, ...props }: Props & { readonly path: EntrancePath }) {
  const Page = pages[path]
  return <Page {...props} />
}
