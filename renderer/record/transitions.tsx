import { Menu, Tooltip } from '@mantine/core'
import { IconChevronDown } from '@tabler/icons-react'
import { useState } from 'react'
import { entityOf, fieldOf, useCatalogue, type Entity, type Field } from '../api/catalogue.ts'
import { explain, runTransition, type Draft, type Explanation, type WouldBe } from '../api/explain.ts'
import type { RecordData } from '../api/records.ts'
import { Show } from '../fields/field.tsx'
import { Layer } from '../fields/layer.tsx'
import { editable, isState } from '../model/editable.ts'
import { editAddress } from '../model/entity.ts'
import { useGo } from '../model/navigation.tsx'
import { useGuards } from '../model/use-guards.ts'
import { useOverlays } from '../model/overlays.tsx'
import { useCommands } from '../shell/commands.tsx'
import { failed, toast } from '../shell/toast.tsx'
import { ActionReasons, WhyButton } from './why.tsx'

type Transition = Entity['lifecycles'][number]['transitions'][number]
/** A transition that the record's state allows; `refused`: its guard does not hold, as far as that is known here. */
export interface Way extends Transition {
  readonly field: string
  readonly refused: string | null
}

/** The ways on from where the record stands, in the order of the module. */
function useWays(entity: Entity, record: RecordData): readonly Way[] {
  const ways = entity.lifecycles.flatMap(({ field, transitions }) => {
    const state = record[field]
    if (typeof state !== 'string') return []
    return transitions.filter(({ from, to }) => (from ? from.includes(state) : to !== state)).map((each) => ({ ...each, field }))
  })
  const holds = useGuards(entity, record, ways)
  return ways.map((way) => ({
    ...way,
    refused: holds[way.name] === false ? (way.message ?? `${way.title} is not possible as the record is.`) : null,
  }))
}

/** What is being asked before it is done. */
interface Asking {
  readonly way: Way
  readonly told: Explanation
}

/** The steps from where a record stands, and how to take one. */
export interface Steps {
  readonly ways: readonly Way[]
  readonly asking: Asking | null
  readonly busy: boolean
  readonly ask: (way: Way) => Promise<void>
  readonly run: (way: Way) => Promise<void>
  readonly close: () => void
}

export function useSteps(entity: Entity, record: RecordData): Steps {
  const ways = useWays(entity, record)
  const catalogue = useCatalogue()
  const { openCreate } = useOverlays()
  const [asking, setAsking] = useState<Asking | null>(null)
  const [busy, setBusy] = useState(false)

  /** One form at a time: the drafts behind the first are opened from the message. */
  const goOn = (message: string, [draft, ...others]: readonly Draft[], saved?: RecordData): void => {
    const title = others[0] && entityOf(catalogue, others[0].entity)?.title.toLowerCase()
    toast(message, others.length > 0 ? { label: `Open the ${title ?? 'next'}`, run: () => goOn(message, others) } : undefined, saved)
    if (draft) openCreate({ entity: draft.entity, initial: draft.data })
  }
  const run = async (way: Way): Promise<void> => {
    setAsking(null)
    setBusy(true)
    try {
      const { saved, drafts } = await runTransition(entity, record, way.name)
      goOn(`${way.title}: done`, drafts, saved)
    } catch (error) {
      failed(`${way.title} was not done.`, error)
    } finally {
      setBusy(false)
    }
  }
  const ask = async (way: Way): Promise<void> => {
    setBusy(true)
    try {
      const told = await explain(entity, record.id, { action: way.name })
      if (told.allowed && told.would && !isWeighty(entity, way, told.would)) await run(way)
      else setAsking({ way, told })
    } catch (error) {
      failed(`${way.title} was not done.`, error)
    } finally {
      setBusy(false)
    }
  }
  useCommands(
    ways.map((way) => ({
      id: `record.transition.${way.name}`,
      title: way.title,
      section: 'On this record',
      run: () => void ask(way),
      ...(way.refused !== null && { disabled: way.refused }),
    })),
  )
  return { ways, asking, busy, ask, run, close: () => setAsking(null) }
}

/** Whether a step is shown before it is done: it does something elsewhere, or what cannot be taken back by typing. */
function isWeighty(entity: Entity, way: Way, { effects, changes }: WouldBe): boolean {
  const isFrozen = entity.lifecycles.some(({ field, states }) => field === way.field && states[way.to]?.frozen === true)
  return effects.length > 0 || isFrozen || Object.keys(changes).some((name) => fieldOf(entity, name)?.type === 'sequence')
}

/** Where the record stands; who may move it on opens the steps here too. */
export function StateBadge({
  entity,
  record,
  field,
  steps,
}: {
  readonly entity: Entity
  readonly record: RecordData
  readonly field: Field
  readonly steps: Steps
}) {
  const badge = <Show field={field} value={record[field.name]} record={record} />
  const ways = steps.ways.filter((way) => way.field === field.name)
  if (ways.length === 0 || !isState(entity, field)) return <span className="record-status">{badge}</span>
  return (
    <Menu width={260} position="bottom-start">
      <Menu.Target>
        <button className="record-status state-badge" aria-label={`${field.title}: steps from here`}>
          {badge}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <StepItems ways={ways} steps={steps} />
      </Menu.Dropdown>
    </Menu>
  )
}

const StepItems = ({ ways, steps }: { readonly ways: readonly Way[]; readonly steps: Steps }) =>
  ways.map((way) => (
    <Menu.Item
      key={way.name}
      aria-disabled={way.refused !== null}
      data-refused={way.refused !== null || undefined}
      onClick={() => void steps.ask(way)}
    >
      {way.title}
      {way.refused !== null && <span className="muted transition-refused">{way.refused}</span>}
    </Menu.Item>
  ))

/** The first way that is open as a button, the others in a menu. What a weighty step would do is shown before it is done. */
export function Transitions({
  entity,
  record,
  steps,
  compact,
}: {
  readonly entity: Entity
  readonly record: RecordData
  readonly steps: Steps
  readonly compact: boolean
}) {
  const { ways, asking, busy, ask, run, close } = steps
  const [menu, setMenu] = useState(false)
  const first = ways.find((way) => way.refused === null) ?? ways[0]
  if (!first) return null
  const others = ways.filter((way) => way !== first)
  return (
    <Layer
      opened={asking !== null}
      onClose={close}
      title={asking?.way.title ?? first.title}
      width={380}
      position="bottom-end"
      target={
        <span className="transitions">
          <Tooltip label={first.refused} disabled={first.refused === null} multiline maw={280}>
            <button
              className={compact ? 'btn' : 'btn primary'}
              aria-disabled={first.refused !== null || busy}
              aria-busy={busy}
              onClick={() => first.refused === null && !busy && void ask(first)}
            >
              {first.title}
            </button>
          </Tooltip>
          {first.refused !== null && (
            <WhyButton entity={entity} record={record} question={{ action: first.name }} label={`Why is “${first.title}” not possible?`} />
          )}
          {others.length > 0 && (
            <Menu width={260} position="bottom-end" opened={menu} onChange={setMenu}>
              <Menu.Target>
                <button className="icon-btn small" aria-label="Other steps">
                  <IconChevronDown size={16} stroke={1.5} aria-hidden />
                </button>
              </Menu.Target>
              <Menu.Dropdown>
                <StepItems ways={others} steps={steps} />
              </Menu.Dropdown>
            </Menu>
          )}
        </span>
      }
    >
      {asking && <Confirm entity={entity} record={record} asking={asking} onRun={() => void run(asking.way)} onClose={close} />}
    </Layer>
  )
}

function Confirm({
  entity,
  record,
  asking: { way, told },
  onRun,
  onClose,
}: {
  readonly entity: Entity
  readonly record: RecordData
  readonly asking: Asking
  readonly onRun: () => void
  readonly onClose: () => void
}) {
  const { would } = told
  const go = useGo()
  const [missing] = told.allowed ? [] : missingOf(entity, record, way)
  return (
    <div className="transition-sheet">
      <p className="strong">{told.allowed ? `${way.title}: this will happen` : `${way.title} is not possible now`}</p>
      {told.allowed && would ? <WouldDo entity={entity} record={record} would={would} /> : <ActionReasons told={told} />}
      <div className="transition-actions">
        <button className="btn" onClick={onClose}>
          {told.allowed ? 'Keep as it is' : 'Close'}
        </button>
        {missing && (
          <button className="btn primary" onClick={() => go(editAddress(entity, record.id, missing))}>
            Fill in {missing.title}
          </button>
        )}
        {told.allowed && (
          <button className="btn primary" onClick={onRun}>
            {way.title}
          </button>
        )}
      </div>
    </div>
  )
}

/** What the step leads to asks for, and this person can give. */
function missingOf(entity: Entity, record: RecordData, way: Way): readonly Field[] {
  const state = entity.lifecycles.find(({ field }) => field === way.field)?.states[way.to]
  return entity.fields.filter(
    (field) => state?.required.includes(field.name) && (record[field.name] ?? null) === null && editable(entity, field, 'edit', record),
  )
}

const verbs = { created: 'New', updated: 'Changed', deleted: 'Deleted' } as const

function WouldDo({ entity, record, would }: { readonly entity: Entity; readonly record: RecordData; readonly would: WouldBe }) {
  const catalogue = useCatalogue()
  const changes = Object.entries(would.changes).flatMap(([name, { to }]) => {
    const field = fieldOf(entity, name)
    return field && !field.lines ? [{ field, to }] : []
  })
  return (
    <ul className="transition-effects">
      {changes.map(({ field, to }) => (
        <li key={field.id}>
          {field.title}: <Show field={field} value={to} record={record} dash />
        </li>
      ))}
      {would.effects.map((effect) => {
        const target = entityOf(catalogue, effect.entity)
        if (!target) return null
        const values = Object.entries(effect.values).flatMap(([name, value]) => {
          const field = fieldOf(target, name)
          // References would show ids of records that are not at hand.
          return field && value !== null && !field.reference && !field.lines ? [{ field, value }] : []
        })
        return (
          <li key={`${effect.entity} ${JSON.stringify(effect.values)} ${effect.id ?? ''}`}>
            {verbs[effect.op]}: {target.title.toLowerCase()}
            {values.slice(0, 4).map(({ field, value }) => (
              <span key={field.id} className="transition-value">
                <span className="muted">{field.title}</span> <Show field={field} value={value} record={record} />
              </span>
            ))}
          </li>
        )
      })}
      {would.produced.map((draft) => (
        <li key={`draft ${JSON.stringify(draft.data)}`}>
          A draft to go on with: {entityOf(catalogue, draft.entity)?.title.toLowerCase() ?? 'document'}
        </li>
      ))}
    </ul>
  )
}
