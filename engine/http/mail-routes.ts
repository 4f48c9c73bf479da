import type { Mailer } from '../mail/mailer.ts'
import { json, type Route } from './route.ts'

/** The letters of a demo, for whoever opens its mail page: nobody has signed in who has forgotten a password. Nothing where letters are sent. */
export const mailRoutes = ({ stored }: Pick<Mailer, 'stored'>): readonly Route[] =>
  stored === null ? [] : [{ method: 'GET', path: '/api/mail', guard: 'public', handle: async () => json(200, { data: await stored() }) }]
