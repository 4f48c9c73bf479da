import { replaceEqualDeep, useQueries } from '@tanstack/react-query'
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import { useCatalogue, type Entity, type Field } from '../api/catalogue.ts'
import type { Fault } from '../api/problem.ts'
import { fetchRecord, keys, queryClient, warningsOf, type RecordData, type Tried as Told } from '../api/records.ts'
import type { Limit, limitOf } from './limit.ts'
import type { FormSituation, formLogic } from './logic.ts'
import { emptyRow, hasLogic, noLogic, type FormLogic, type Message, type RowLogic } from './row-logic.ts'

type FormData = Readonly<Record<string, unknown>>

// The evaluator is a tenth of what the first page loads: it comes when there is something to evaluate.
interface Deciding {
  readonly formLogic: typeof formLogic
  readonly limitOf: typeof limitOf
}
let decide: Deciding | null = null
const listeners = new Set<() => void>()
export function provideLogic(given: Deciding): void {
  decide = given
  for (const listener of listeners) listener()
}
async function loadLogic(): Promise<void> {
  const [logic, limit] = await Promise.all([import('./logic.ts'), import('./limit.ts')])
  provideLogic({ formLogic: logic.formLogic, limitOf: limit.limitOf })
}
function useDecide(wanted: boolean): Deciding | null {
  useEffect(() => {
    if (wanted && decide === null) void loadLogic()
  }, [wanted])
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => (wanted ? decide : null),
  )
}

/** How the server is asked what would come of the form. `wantsValues`: values are worked out by it alone, so that a refusal is not all there is to say. */
export type TryOut = (
  data: FormData,
  wantsValues: boolean,
) => {
  /** False: what is half filled was left out; what is said against the rest is no fault of the form. */
  readonly isWhole: boolean
  readonly ask: (signal: AbortSignal) => Promise<Told>
}

export interface LiveLogic extends Pick<FormLogic, 'document' | 'lines' | 'faults' | 'warnings'> {
  /** What the server said of the form as it is. */
  readonly remote: readonly Fault[]
  /** What rules would say of these values, at once. */
  readonly judge: (data: FormData) => readonly Message[]
  /** Of a limited reference of the document (null) or of a line: what may be chosen. */
  readonly limit: (rowId: string | null, field: Field) => Limit | null
}
const nothing: LiveLogic = { ...noLogic, remote: [], judge: () => [], limit: () => null }

interface Tried extends Told {
  readonly question: string
  readonly isWhole: boolean
  readonly warnings: readonly Fault[]
}

const debounceMs = 400

/**
 * What expressions say of a form while it is typed. Records they read are fetched once; what only the server can work out is asked for
 * when typing pauses, and only when something changed on which it hangs.
 */
export function useFormLogic(entity: Entity, record: RecordData | null, data: FormData, tryOut?: TryOut): LiveLogic {
  const catalogue = useCatalogue()
  const wanted = useMemo(() => hasLogic(catalogue, entity), [catalogue, entity])
  const run = useDecide(wanted)
  const [reads, setReads] = useState<FormLogic['reads']>([])
  const [tried, setTried] = useState<Tried | null>(null)
  const [shared] = useState(() => new Shared())
  const readable = reads.flatMap((ref) => {
    const target = catalogue.entities[ref.entity]
    return target?.path != null && target.actions.includes('get') ? [{ ...ref, target }] : []
  })
  const stamps = useQueries({
    queries: readable.map(({ target, id }) => ({
      queryKey: keys.record(target.id, id),
      queryFn: ({ signal }: { readonly signal: AbortSignal }) => fetchRecord(target, id, {}, signal),
      retry: false,
      staleTime: 60_000,
    })),
    combine: (answers) => answers.map(({ status, dataUpdatedAt }) => `${status} ${dataUpdatedAt}`).join(),
  })
  const [now] = useState(() => new Date())
  const situation = useMemo<FormSituation>(() => {
    const read = (of: string, id: string): RecordData | null | undefined => {
      const target = catalogue.entities[of]
      if (target?.path == null || !target.actions.includes('get')) return null
      const state = queryClient.getQueryState<RecordData>(keys.record(of, id))
      return state?.status === 'error' ? null : state?.data
    }
    return { catalogue, entity, record, now, read }
    // oxlint-disable-next-line react/exhaustive-deps -- `stamps` says that what `read` finds has changed
  }, [catalogue, entity, record, now, stamps])
  const logic = useMemo(() => run?.formLogic(situation, data) ?? noLogic, [run, situation, data])
  const known = new Set(reads.map(({ id }) => id))
  if (logic.reads.some(({ id }) => !known.has(id))) setReads([...reads, ...logic.reads.filter(({ id }) => !known.has(id))])

  const { question, waits } = logic
  const isTried = tried !== null && tried.question === question && (tried.isWhole || tryOut?.(data, false).isWhole !== true)
  const open = question !== null && !waits && !isTried
  const asking = open ? data : null
  const wantsValues = [logic.document, ...Object.values(logic.lines)].some(({ pending }) => pending.length > 0)
  useEffect(() => {
    if (asking === null || question === null || !tryOut) return undefined
    const controller = new AbortController()
    const timer = setTimeout(() => {
      const { isWhole, ask } = tryOut(asking, wantsValues)
      ask(controller.signal).then(
        ({ record: answer, faults }) => {
          if (controller.signal.aborted) return
          const warnings = isWhole && answer ? warningsOf(answer) : []
          setTried({ question, isWhole, record: answer, faults: isWhole ? faults : [], warnings })
        },
        () => {
          if (!controller.signal.aborted) setTried({ question, isWhole, record: null, faults: [], warnings: [] })
        },
      )
    }, debounceMs)
    return () => {
      clearTimeout(timer)
      controller.abort()
    }
  }, [asking, question, tryOut, wantsValues])

  const settled = useMemo(() => (run ? shared.settled(logic, tried, data) : null), [run, shared, logic, tried, data])
  return useMemo(
    () =>
      settled && run
        ? {
            ...settled,
            judge: (values) => run.formLogic(situation, values).faults,
            limit: (rowId, field) => run.limitOf(situation, data, rowId, field),
          }
        : nothing,
    [settled, run, situation, data],
  )
}

type Settled = Omit<LiveLogic, 'limit' | 'judge'>

/** Keeps what is the same the same, so that only what changed is drawn again, and what the server said last until it says otherwise. */
class Shared {
  #last: Settled = { ...noLogic, remote: [] }
  readonly #seen = new Map<string, unknown>()

  settled({ document, lines, faults, warnings, question }: FormLogic, tried: Tried | null, data: FormData): Settled {
    const fits = tried !== null && tried.question === question ? tried : null
    const rows = fits?.record ? rowsBeside(data, fits.record) : new Map<string, RecordData>()
    const filled = (key: string, row: RowLogic, answer: FormData | null | undefined): RowLogic => {
      if (row.pending.length === 0) return row
      const values = row.pending.map((name): readonly [string, unknown] => {
        const at = `${key}/${name}`
        if (answer) this.#seen.set(at, answer[name] ?? null)
        return [name, this.#seen.get(at) ?? null]
      })
      return { ...row, values: { ...row.values, ...Object.fromEntries(values) }, pending: answer ? [] : row.pending }
    }
    const next: Settled = {
      document: filled('', document, fits?.record),
      lines: Object.fromEntries(Object.entries(lines).map(([id, row]) => [id, filled(id, row, rows.get(id))])),
      faults,
      warnings: [...warnings, ...newIn(fits?.warnings ?? [], warnings)],
      remote: fits?.faults ?? [],
    }
    this.#last = replaceEqualDeep(this.#last, next)
    return this.#last
  }
}

const newIn = (told: readonly Fault[], known: readonly Message[]): readonly Message[] =>
  told.flatMap(({ pointer, detail }) => {
    const path = pointer.split('/').slice(1)
    return known.some((each) => each.detail === detail && each.path.join('/') === path.join('/')) ? [] : [{ path, detail }]
  })

/** The lines of an answer by the ids that the form knows them by: they stand in the same order. */
function rowsBeside(data: FormData, answer: FormData): Map<string, RecordData> {
  const found = new Map<string, RecordData>()
  for (const [name, value] of Object.entries(data)) {
    const theirs = answer[name]
    if (!Array.isArray(value) || !Array.isArray(theirs)) continue
    value.forEach((row: unknown, i) => {
      const other: unknown = theirs[i]
      if (typeof row !== 'object' || row === null || !('id' in row) || typeof other !== 'object' || other === null) return
      found.set(String(row.id), other as RecordData)
      for (const [id, below] of rowsBeside(row, other as FormData)) found.set(id, below)
    })
  }
  return found
}

/** What a row shows: what was typed, and what follows from it. */
export const shownOf = <R extends FormData>(row: R, logic: RowLogic | undefined): R => ({ ...row, ...(logic ?? emptyRow).values })
