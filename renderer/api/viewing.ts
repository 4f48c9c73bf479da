import { callJson } from './client.ts'
import { looking, onOtherPerson, refresh } from './session.ts'

/** As whom this tab looks, and until when: a reload goes on, the token itself is nowhere but in memory. */
const kept = 'bos.viewing'
onOtherPerson((person) => {
  if (person === 'self') sessionStorage.removeItem(kept)
})

/** Looks at everything as another person does, changing nothing. Throws ApiProblem. */
export async function viewAs(member: string): Promise<void> {
  const { accessToken, expiresIn } = await callJson<{ readonly accessToken: string; readonly expiresIn: number }>(
    'POST',
    '/api/auth/view-as',
    { body: { member } },
  )
  sessionStorage.setItem(kept, JSON.stringify({ member, until: Date.now() + expiresIn * 1000 }))
  looking(accessToken, member)
}

/** To go on looking as before a reload, where that is not over; a sign-in in between ends it. */
export function resumption(): (() => Promise<void>) | undefined {
  const text = sessionStorage.getItem(kept)
  sessionStorage.removeItem(kept)
  if (text === null) return undefined
  const { member, until } = JSON.parse(text) as { readonly member: string; readonly until: number }
  return until > Date.now() ? () => viewAs(member) : undefined
}

/** Back to oneself, whatever the server says of it: it would be over in a few minutes. */
export async function endViewAs(): Promise<void> {
  await callJson('DELETE', '/api/auth/view-as').catch(() => undefined)
  await refresh()
}
