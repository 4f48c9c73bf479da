import { IconFilterOff, IconTrash } from '@tabler/icons-react'
import { may, type Entity } from '../api/catalogue.ts'
import { EntityIcon } from '../fields/icons.tsx'
import { listAddress } from '../model/entity.ts'
import { useGo } from '../model/navigation.tsx'
import { StateBox } from '../shell/states.tsx'
import type { ViewState } from './view-state.ts'

/** Why there is nothing to see, and the one next step. */
export function EmptyList({
  entity,
  state,
  filtered,
  onCreate,
  onClear,
}: {
  readonly entity: Entity
  readonly state: ViewState
  readonly filtered: boolean
  readonly onCreate: () => void
  readonly onClear: () => void
}) {
  const go = useGo()
  const plural = entity.pluralTitle.toLowerCase()
  if (filtered) {
    const filters = state.conditions.length + (state.expression === '' ? 0 : 1)
    const reason = [
      filters > 0 ? `${filters} ${filters === 1 ? 'filter' : 'filters'}` : null,
      state.search === '' ? null : `“${state.search}”`,
    ]
      .filter((each) => each !== null)
      .join(' and ')
    return (
      <StateBox
        icon={<IconFilterOff size={24} stroke={1.5} aria-hidden />}
        title={`No ${plural} match ${reason}`}
        actions={
          <button className="btn form" onClick={onClear}>
            {filters === 0 ? 'Clear the search' : state.search === '' ? 'Clear the filters' : 'Clear both'}
          </button>
        }
      />
    )
  }
  if (state.deleted) return <StateBox icon={<IconTrash size={24} stroke={1.5} aria-hidden />} title={`No deleted ${plural}`} />
  return (
    <StateBox
      icon={<EntityIcon icon={entity.display.icon} hue={entity.display.hue} size={32} />}
      title={`No ${plural} yet`}
      actions={
        <>
          {may(entity, 'create') && (
            <button className="btn form" onClick={onCreate}>
              New {entity.title.toLowerCase()}
            </button>
          )}
          {may(entity, 'import') && (
            <button className="btn form quiet" onClick={() => go(`${listAddress(entity)}/import`)}>
              Import from a file
            </button>
          )}
        </>
      }
    >
      {entity.description || undefined}
    </StateBox>
  )
}
