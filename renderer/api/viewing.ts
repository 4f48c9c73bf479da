import { callJson } from './client.ts'
import { looking, refresh } from './session.ts'

/** Looks at everything as another person does, changing nothing. Throws ApiProblem. */
export async function viewAs(member: string): Promise<void> {
  const { accessToken } = await callJson<{ readonly accessToken: string }>('POST', '/api/auth/view-as', { body: { member } })
  looking(accessToken, member)
}

/** Back to oneself, whatever the server says of it: it would be over in a few minutes. */
export async function endViewAs(): Promise<void> {
  await callJson('DELETE', '/api/auth/view-as').catch(() => undefined)
  await refresh()
}
