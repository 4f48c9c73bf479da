import type { Actor, Answer, Call, Via } from '../records/types.ts'

export type HandleCall = (call: Call, actor: Actor) => Promise<Answer>

/** What the engine needs to know of a tenant to act in it. */
export interface TenantFacts {
  readonly id: string
  readonly slug: string
  readonly generation: number
  readonly timeZone: string
}

/** The engine itself, acting in a tenant with the rights of an administrator. */
export const engineActor = ({ id, slug, generation, timeZone }: TenantFacts): Actor => ({
  tenant: id,
  tenantSlug: slug,
  member: null,
  session: null,
  roles: ['core.admin'],
  generation,
  timeZone,
})

/** A call that did not come over HTTP. */
export const engineCall = (call: Pick<Call, 'module' | 'plural' | 'method' | 'rest' | 'body'>, via: Via, requestId: string): Call => ({
  ...call,
  query: new Map(),
  ifMatch: null,
  ifNoneMatch: null,
  idempotencyKey: null,
  via,
  requestId,
})

/** The parsed JSON of an answer whose body is one text. */
export const answerJson = (answer: Answer): unknown => (typeof answer.body === 'string' ? JSON.parse(answer.body) : null)
