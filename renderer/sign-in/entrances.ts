/** Addresses of the pages that one opens without being signed in; sign-in/entrance.tsx has what stands there. */
export const entrances = ['/reset', '/verify', '/email', '/invitation', '/sso', '/sign-up', '/mail'] as const
export type EntrancePath = (typeof entrances)[number]
export const isEntrance = (path: string): path is EntrancePath => (entrances as readonly string[]).includes(path)
