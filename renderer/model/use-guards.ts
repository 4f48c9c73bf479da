import { useEffect, useMemo, useState } from 'react'
import { useCatalogue, type Entity } from '../api/catalogue.ts'
import { queryClient, keys, type RecordData } from '../api/records.ts'
import type { guardHolds } from './logic.ts'

interface Guarded {
  readonly name: string
  readonly field: string
  readonly to: string
  readonly guard: unknown
}

/** By name of the transition, whether its guard holds of the record; undefined: only the server knows. */
export function useGuards(entity: Entity, record: RecordData, ways: readonly Guarded[]): Readonly<Record<string, boolean | undefined>> {
  const catalogue = useCatalogue()
  const wanted = ways.some(({ guard }) => guard !== null)
  // The evaluator comes when there is something to evaluate.
  const [judge, setJudge] = useState<{ readonly holds: typeof guardHolds } | null>(null)
  useEffect(() => {
    if (wanted && !judge) void import('./logic.ts').then(({ guardHolds: holds }) => setJudge({ holds }))
  }, [wanted, judge])
  const key = ways.map(({ name }) => name).join()
  return useMemo(() => {
    const read = (of: string, id: string): RecordData | undefined => queryClient.getQueryData<RecordData>(keys.record(of, id))
    const situation = { catalogue, entity, record, now: new Date(), read }
    return Object.fromEntries(ways.map((way) => [way.name, way.guard === null ? undefined : judge?.holds(situation, way)]))
    // oxlint-disable-next-line react/exhaustive-deps -- `key` says which ways there are
  }, [catalogue, entity, record, judge, key])
}
