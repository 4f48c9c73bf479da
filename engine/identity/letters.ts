import type { Letter } from '../mail/mailer.ts'

/** What people are written about signing in. Links begin with PUBLIC_URL and carry their secret behind #, which browsers send to nobody. */
export interface Letters {
  reset(to: string, secret: string): Letter
  /** Asked for a reset where nobody signs in with that address. */
  verify(to: string, secret: string): Letter
  emailChange(to: string, secret: string): Letter
  invitation(to: string, secret: string, by: string, tenant: string): Letter
  signUp(to: string, secret: string): Letter
  /** Told afterwards, so that whoever did not do it can act. */
  changed(to: string, what: string): Letter
}

export function lettersFrom(publicUrl: URL): Letters {
  const linkTo = (page: string, secret: string): string => new URL(`/${page}#${secret}`, publicUrl).href
  const ignore = 'If you did not ask for this, you need do nothing.'
  return {
    reset: (to, secret) => ({
      to,
      subject: 'Set a new password',
      text: ['Somebody, probably you, asked for a new password. The link works once, for 30 minutes.', ignore],
      link: { title: 'Set a new password', href: linkTo('reset', secret) },
    }),
    verify: (to, secret) => ({
      to,
      subject: 'Confirm your e-mail address',
      text: ['Confirm that this address is yours. The link works once, for 30 minutes.', ignore],
      link: { title: 'Confirm the address', href: linkTo('verify', secret) },
    }),
    emailChange: (to, secret) => ({
      to,
      subject: 'Confirm your new e-mail address',
      text: ['From now on you would sign in with this address. The link works once, for 30 minutes.', ignore],
      link: { title: 'Use this address', href: linkTo('email', secret) },
    }),
    invitation: (to, secret, by, tenant) => ({
      to,
      subject: `You are invited to ${tenant}`,
      text: [
        `${by} invites you to work in ${tenant}. The invitation holds for seven days.`,
        'If you do not know what this is about, you need do nothing.',
      ],
      link: { title: 'Accept the invitation', href: linkTo('invitation', secret) },
    }),
    signUp: (to, secret) => ({
      to,
      subject: 'Your new workspace',
      text: ['Somebody, probably you, wants to begin a workspace with this address. The link works once, for 30 minutes.', ignore],
      link: { title: 'Begin the workspace', href: linkTo('sign-up', secret) },
    }),
    changed: (to, what) => ({
      to,
      subject: 'Your sign-in was changed',
      text: [
        `${what} If that was you, all is well.`,
        'If it was not, set a new password at once: “Forgot your password?” on the sign-in page. It ends every session.',
      ],
    }),
  }
}
