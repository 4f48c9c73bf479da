import { useQuery } from '@tanstack/react-query'
import type { Explanation } from '../../engine/records/explain.ts'
import type { Entity } from './catalogue.ts'
import { callJson } from './client.ts'
import { ifMatch, pathTo, wrote, type RecordData } from './records.ts'

/** Why somebody may, or may not: by the server's own types. */
export type { Explanation } from '../../engine/records/explain.ts'
export type { WouldBe } from '../../engine/records/explain-trial.ts'
/** An expression in parts, with values. */
export type Parts = NonNullable<Explanation['expressions']>[number]['why']

export interface Question {
  /** An action, or the name of a transition. */
  readonly action: string
  /** Name of a field. */
  readonly field?: string
}

export const explain = (entity: Entity, id: string, question: Question, signal?: AbortSignal): Promise<Explanation> =>
  callJson<Explanation>('GET', pathTo(entity, id, 'explain'), { query: { ...question }, ...(signal && { signal }) })

export const useExplanation = (entity: Entity, record: RecordData, question: Question) =>
  useQuery({
    // What is explained is the record as it is: another version has another answer.
    queryKey: ['entity', entity.id, 'explain', record.id, record.version ?? 0, question],
    queryFn: ({ signal }) => explain(entity, record.id, question, signal),
    retry: false,
  })

/** A draft that a transition leaves to a person. */
export interface Draft {
  readonly entity: string
  readonly data: Readonly<Record<string, unknown>>
}

/** Runs a transition of the record as it was seen; everything on screen that shows it follows. `drafts`: what it leaves to a person. */
export async function runTransition(
  entity: Entity,
  record: RecordData,
  name: string,
): Promise<{ readonly saved: RecordData; readonly drafts: readonly Draft[] }> {
  const saved = await callJson<RecordData>('POST', pathTo(entity, record.id, name), { body: {}, headers: ifMatch(record) })
  const { _produced: produced, ...shown } = saved
  wrote(entity, shown)
  return { saved: shown, drafts: (produced as readonly Draft[] | undefined) ?? [] }
}
