import { useLocation } from '@tanstack/react-router'
import { useEffect, useMemo, useRef, useState } from 'react'
import { core } from '../../engine/expressions/core.ts'
import { saveFields } from '../api/actions.ts'
import { may, useCatalogue, type Entity } from '../api/catalogue.ts'
import { isProblem } from '../api/problem.ts'
import { createRecord, fetchRecord, useRecord, wrote, type RecordData } from '../api/records.ts'
import { useTitles } from '../api/titles.ts'
import { handedOver } from '../model/handed.ts'
import { mayWith } from '../model/editable.ts'
import { expandOf, listAddress, recordAddress, titleOf } from '../model/entity.ts'
import { useGo } from '../model/navigation.tsx'
import { same } from '../model/same.ts'
import { useAddress, useSearchText } from '../model/route.ts'
import { Failure, ForbiddenPage, NotFoundPage } from '../shell/states.tsx'
import { toast } from '../shell/toast.tsx'
import { createBody, dataOf, initialData, patchBody, type FormData } from './body.ts'
import { FormFrame } from './form-frame.tsx'
import { formFields } from './schema.ts'

export function CreatePage() {
  const catalogue = useCatalogue()
  const { entity } = useAddress()
  const state = useLocation({ select: (location) => location.state })
  if (!entity) return <NotFoundPage />
  const handed = handedOver(catalogue, entity.id, state)
  const begun = Object.keys(handed).length === 0 ? '' : JSON.stringify(handed)
  return may(entity, 'create') ? <Create key={`${entity.id}${begun}`} entity={entity} begun={begun} /> : <ForbiddenPage />
}

/** `begun`: the values that it was handed, as JSON. */
function Create({ entity, begun }: { readonly entity: Entity; readonly begun: string }) {
  const catalogue = useCatalogue()
  const go = useGo()
  const key = useRef(crypto.randomUUID())
  const initial = useMemo(
    () => initialData(catalogue, entity, begun === '' ? {} : (JSON.parse(begun) as FormData)),
    [catalogue, entity, begun],
  )
  return (
    <FormFrame
      entity={entity}
      title={`New ${entity.title.toLowerCase()}`}
      back={listAddress(entity)}
      mode="create"
      initial={initial}
      draft={`new.page${begun}`}
      action={`Create ${entity.title.toLowerCase()}`}
      onSave={async (data, leave) => {
        const record = await createRecord(entity, createBody(catalogue, entity, data), key.current)
        wrote(entity, record)
        leave()
        toast(`Created ${titleOf(entity, record)}`, undefined, record)
        go(recordAddress(entity, record.id), { replace: true })
      }}
    />
  )
}

export function EditPage() {
  const { entity, id } = useAddress()
  const expand = entity ? expandOf(entity.fields.map((field) => (field.reference ? field.name : null))) : ''
  if (!entity || id === null) return <NotFoundPage />
  return may(entity, 'update') ? <Load key={id} entity={entity} id={id} expand={expand} /> : <ForbiddenPage />
}

/** The form holds the record as it was when opened: a later refetch must not change what the person is judging against. */
function Load({ entity, id, expand }: { readonly entity: Entity; readonly id: string; readonly expand: string }) {
  const { data, error, refetch, isPlaceholderData } = useRecord(entity, id, expand)
  const go = useGo()
  const [base, setBase] = useState<{ readonly record: RecordData; readonly initial: FormData } | null>(null)
  if (base === null && data && !isPlaceholderData) setBase({ record: data, initial: dataOf(entity, data) })
  // The page of the record says why it is not to be changed.
  const isDenied = base !== null && !mayWith(entity, base.record, 'update')
  useEffect(() => {
    if (isDenied) go(recordAddress(entity, id), { replace: true })
  }, [isDenied, entity, id, go])
  if (error && !base)
    return isProblem(error, 'not-found') ? (
      <NotFoundPage what={`This ${entity.title.toLowerCase()} is not here`} />
    ) : (
      <Failure title="The record could not be loaded" error={error} onRetry={() => void refetch()} />
    )
  if (isDenied) return null
  return base ? (
    <EditForm
      key={base.record.version}
      entity={entity}
      base={base.record}
      initial={base.initial}
      onBase={(record, initial) => setBase({ record, initial })}
    />
  ) : null
}

function EditForm({
  entity,
  base,
  initial,
  onBase,
}: {
  readonly entity: Entity
  readonly base: RecordData
  readonly initial: FormData
  readonly onBase: (record: RecordData, initial: FormData) => void
}) {
  const catalogue = useCatalogue()
  const go = useGo()
  const address = recordAddress(entity, base.id)
  const [search] = useSearchText()
  /** What stands on the server now, when somebody else saved meanwhile; saving is judged by it once the person has chosen. */
  const [theirs, setTheirs] = useState<RecordData | null>(null)
  const seen = useRef(base)
  const save = async (data: FormData, leave: () => void): Promise<void> => {
    const body = patchBody(catalogue, entity, base, data)
    if (Object.keys(body).length === 0) {
      leave()
      return go(address, { replace: true })
    }
    try {
      const saved = await saveFields(entity, seen.current, body)
      leave()
      toast(`Saved ${titleOf(entity, saved)}`, undefined, saved)
      go(address, { replace: true })
    } catch (error) {
      if (!isProblem(error, 'version-conflict')) throw error
      setTheirs(await fetchRecord(entity, base.id))
    }
  }
  const changed = theirs ? formFields(entity, 'edit').filter((field) => !same(theirs[field.name], base[field.name])) : []
  return (
    <FormFrame
      entity={entity}
      title={`Edit ${titleOf(entity, base)}`}
      back={address}
      mode="edit"
      initial={initial}
      record={base}
      draft={base.id}
      focusAt={search['field']}
      action="Save"
      onSave={save}
      conflict={
        theirs && {
          said: (
            <>
              <Who record={theirs} /> changed {changed.map((field) => field.title).join(', ') || 'this record'} since you opened it.
            </>
          ),
          keepMine() {
            seen.current = theirs
            setTheirs(null)
          },
          keepTheirs(data) {
            const kept = changed.map((field) => [field.name, theirs[field.name] ?? undefined] as const)
            onBase(theirs, { ...data, ...Object.fromEntries(kept) })
          },
        }
      }
    />
  )
}

function Who({ record }: { readonly record: RecordData }) {
  const by = record['updated_by']
  const [name] = useTitles(typeof by === 'string' ? [{ entity: core.member, id: by }] : [])
  return <>{name ?? 'Someone'}</>
}
