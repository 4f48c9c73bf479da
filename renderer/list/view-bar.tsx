import { Menu } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import {
  IconAdjustmentsHorizontal,
  IconChevronDown,
  IconArrowsSort,
  IconCheck,
  IconFilter,
  IconRestore,
  IconSearch,
  IconX,
  IconBaselineDensityMedium,
  IconBaselineDensitySmall,
  IconBaselineDensityLarge,
} from '@tabler/icons-react'
import { useEffect, useRef, useState } from 'react'
import { useCatalogue, type Entity, type View } from '../api/catalogue.ts'
import { Layer, usePhone } from '../fields/layer.tsx'
import { OptionList } from '../fields/option-list.tsx'
import { listableFields } from '../model/columns.ts'
import { columnOf } from '../model/entity.ts'
import { useLatest } from '../model/latest.ts'
import type { Density, Layout } from './columns.ts'
import { AddFilter } from './filters.tsx'
import { complete, nextSort, sortOf, viewsOf, type Condition, type ViewState } from './view-state.ts'

interface Props {
  readonly entity: Entity
  readonly state: ViewState
  readonly onView: (view: View) => void
  readonly onConditions: (conditions: readonly Condition[]) => void
  readonly onEditing: (index: number | null) => void
  readonly onExpression: () => void
  readonly onSort: (sort: readonly string[]) => void
  readonly onSearch: (search: string) => void
  readonly onReset: () => void
  readonly layout: Layout
  readonly onLayout: (change: Partial<Layout>) => void
  readonly onLayoutReset: () => void
}

/** Views on the left; what the person changes about the present one on the right. */
export function ViewBar({
  entity,
  state,
  onView,
  onConditions,
  onEditing,
  onExpression,
  onSort,
  onSearch,
  onReset,
  layout,
  onLayout,
  onLayoutReset,
}: Props) {
  const phone = usePhone()
  const views = viewsOf(entity)
  const { ref, width } = useElementSize()
  const tabs = phone ? [] : views.slice(0, fitting(views, width - (state.changed ? 84 : 0)))
  const rest = views.filter((view) => !tabs.includes(view))
  return (
    <div className="view-bar">
      <div className="view-tabs" role="tablist" aria-label="Views" ref={ref}>
        {tabs.map((view) => (
          <button key={view.id} role="tab" aria-selected={view === state.view} className="view-tab" onClick={() => onView(view)}>
            {view.title}
          </button>
        ))}
        {rest.length > 0 && (
          <Menu width={220} position="bottom-start">
            <Menu.Target>
              <button className="view-tab view-more" aria-selected={rest.includes(state.view)} role="tab">
                <span className="ellipsis">{rest.includes(state.view) ? state.view.title : `${rest.length} more`}</span>
                <IconChevronDown size={14} stroke={1.5} aria-hidden />
              </button>
            </Menu.Target>
            <Menu.Dropdown>
              {rest.map((view) => (
                <Menu.Item key={view.id} onClick={() => onView(view)} rightSection={view === state.view ? <IconCheck size={14} /> : null}>
                  {view.title}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        )}
        {state.changed && !phone && (
          <button className="btn quiet reset" onClick={onReset}>
            <IconRestore size={14} stroke={1.5} aria-hidden />
            Reset
          </button>
        )}
      </div>
      <div className="view-tools">
        <SearchBox entity={entity} value={state.search} onChange={onSearch} />
        <AddFilter
          entity={entity}
          conditions={state.conditions}
          on={state.conditions.some(complete) || state.expression !== ''}
          onChange={onConditions}
          onEditing={onEditing}
          onExpression={onExpression}
        >
          <IconFilter size={16} stroke={1.5} aria-hidden />
          <span className="wide-only">Filter</span>
        </AddFilter>
        <SortButton entity={entity} sort={state.sort} onSort={onSort} on={state.resorted} />
        {!phone && <ColumnsButton entity={entity} layout={layout} onLayout={onLayout} onLayoutReset={onLayoutReset} />}
      </div>
    </div>
  )
}

/** How many views stand side by side, at most six; the rest are in a menu. A letter is about 7 px wide. */
function fitting(views: readonly View[], width: number): number {
  if (width <= 0) return 6
  const more = 92
  let used = 0
  const count = views.findIndex((view, at) => {
    used += view.title.length * 7.2 + 24
    return at === 6 || used + (at === views.length - 1 ? 0 : more) > width
  })
  return count < 0 ? views.length : count
}

/** Applied 250 ms after the last key; the text belongs to the person until then. */
function SearchBox({
  entity,
  value,
  onChange,
}: {
  readonly entity: Entity
  readonly value: string
  readonly onChange: (search: string) => void
}) {
  const [text, setText] = useState(value)
  const sent = useRef(value)
  const latest = useLatest(onChange)
  useEffect(() => {
    if (value !== sent.current) {
      sent.current = value
      setText(value)
    }
  }, [value])
  useEffect(() => {
    if (text === sent.current) return undefined
    const timer = setTimeout(() => {
      sent.current = text
      latest.current(text)
    }, 250)
    return () => clearTimeout(timer)
  }, [text, latest])
  if (!entity.search) return null
  return (
    <label className="search-box">
      <IconSearch size={14} stroke={1.5} aria-hidden />
      <input
        placeholder="Search"
        aria-label={`Search ${entity.pluralTitle.toLowerCase()}`}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Escape' && setText('')}
        autoComplete="off"
        spellCheck={false}
      />
      {text !== '' && (
        <button className="icon-btn small" aria-label="Clear the search" onClick={() => setText('')}>
          <IconX size={13} stroke={1.5} aria-hidden />
        </button>
      )}
    </label>
  )
}

function SortButton({
  entity,
  sort,
  on,
  onSort,
}: {
  readonly entity: Entity
  readonly sort: readonly string[]
  readonly on: boolean
  readonly onSort: (sort: readonly string[]) => void
}) {
  const catalogue = useCatalogue()
  const [opened, setOpened] = useState(false)
  const fields = listableFields(entity).filter((field) => field.sortable)
  const first = sort[0]?.replace(/^-/, '')
  const named = first === undefined ? null : columnOf(catalogue, entity, first)
  return (
    <Layer
      opened={opened}
      onClose={() => setOpened(false)}
      title="Sort by"
      width={240}
      position="bottom-end"
      target={
        <button
          className={named && on ? 'btn quiet on' : 'btn quiet'}
          onClick={() => setOpened(!opened)}
          aria-haspopup="dialog"
          aria-expanded={opened}
        >
          <IconArrowsSort size={16} stroke={1.5} aria-hidden />
          <span className="wide-only">{named ? named.title : 'Sort'}</span>
        </button>
      }
    >
      <OptionList
        label="Sort by"
        selected={new Set(sort.map((key) => key.replace(/^-/, '')))}
        onPick={(path) => onSort(nextSort(sort, path))}
        options={fields.map((field) => ({
          id: field.name,
          text: field.title,
          hint:
            sortOf(sort, field.name) === 'ascending' ? 'Ascending' : sortOf(sort, field.name) === 'descending' ? 'Descending' : undefined,
        }))}
      />
    </Layer>
  )
}

const densities: readonly (readonly [Density, string, typeof IconBaselineDensityMedium])[] = [
  ['compact', 'Compact', IconBaselineDensitySmall],
  ['default', 'Default', IconBaselineDensityMedium],
  ['tall', 'Tall', IconBaselineDensityLarge],
]

function ColumnsButton({ entity, layout, onLayout, onLayoutReset }: Pick<Props, 'entity' | 'layout' | 'onLayout' | 'onLayoutReset'>) {
  const [opened, setOpened] = useState(false)
  const shown = new Set(layout.paths)
  return (
    <Layer
      opened={opened}
      onClose={() => setOpened(false)}
      title="Columns"
      width={260}
      position="bottom-end"
      target={
        <button
          className="icon-btn"
          aria-label="Columns and density"
          onClick={() => setOpened(!opened)}
          aria-haspopup="dialog"
          aria-expanded={opened}
        >
          <IconAdjustmentsHorizontal size={16} stroke={1.5} aria-hidden />
        </button>
      }
    >
      <div className="density" role="radiogroup" aria-label="Row height">
        {densities.map(([id, title, Icon]) => (
          <button
            key={id}
            role="radio"
            aria-checked={layout.density === id}
            className="density-option"
            onClick={() => onLayout({ density: id })}
          >
            <Icon size={16} stroke={1.5} aria-hidden />
            {title}
          </button>
        ))}
      </div>
      <OptionList
        label="Columns"
        multi
        selected={shown}
        options={listableFields(entity)
          .filter((field) => field.name !== entity.titleField)
          .map((field) => ({ id: field.name, text: field.title }))}
        onPick={(name) => onLayout({ paths: shown.has(name) ? layout.paths.filter((path) => path !== name) : [...layout.paths, name] })}
      />
      <button className="btn quiet columns-reset" onClick={onLayoutReset}>
        Reset columns
      </button>
    </Layer>
  )
}
