import { useCatalogue, type Entity } from '../api/catalogue.ts'
import type { RecordData } from '../api/records.ts'
import { usePhone } from '../fields/layer.tsx'
import { recordAddress } from '../model/entity.ts'
import { useGo } from '../model/navigation.tsx'
import { rememberRecent } from '../model/recents.ts'
import { useSearchText } from '../model/route.ts'
import type { ShownList } from './use-list.ts'

/** The record that stands open beside its list; it is named in the address. */
export function usePanel(entity: Entity, { state, rows }: ShownList) {
  const catalogue = useCatalogue()
  const phone = usePhone()
  const go = useGo()
  const [search, setSearch] = useSearchText()
  const open = search['_panel'] ?? null
  return {
    open,
    show(record: RecordData, how: 'default' | 'panel'): void {
      if (!state.deleted) rememberRecent(catalogue, entity.id, record.id)
      if (phone || (how === 'default' && entity.display.openIn === 'page'))
        go(`${recordAddress(entity, record.id)}${state.deleted ? '?deleted=only' : ''}`)
      else setSearch({ _panel: how === 'panel' && open === record.id ? undefined : record.id }, { replace: open !== null })
    },
    step(by: number): void {
      const next = rows[rows.findIndex((row) => row.id === open) + by]
      if (next) setSearch({ _panel: next.id }, { replace: true })
    },
    close: () => setSearch({ _panel: undefined, _tab: undefined }, { replace: true }),
  }
}
export type Panel = ReturnType<typeof usePanel>
