import type { Entity } from '../api/catalogue.ts'
import { useCommands } from '../shell/commands.tsx'

/** To where one was among them; that may be out of sight. */
const toRows = (): void =>
  (
    document.querySelector<HTMLElement>(':is(.grid-row, .grid-row > .grid-cell)[tabindex="0"]') ??
    document.querySelector<HTMLElement>('.grid-row')
  )?.focus()

/** What can be done in a list by key or palette. */
export function useListCommands(
  entity: Entity,
  {
    search,
    panel,
    step,
    write,
  }: { readonly search: () => void; readonly panel: boolean; readonly step: (by: number) => void; readonly write: () => void },
): void {
  useCommands([
    { id: 'list.search', title: `Search ${entity.pluralTitle.toLowerCase()}`, section: 'On this list', keys: '/', run: search },
    {
      id: 'list.filter',
      title: 'Filter',
      section: 'On this list',
      keys: 'f',
      run: () => document.querySelector<HTMLElement>('[data-filter-button]')?.click(),
    },
    { id: 'list.expression', title: 'Filter by an expression', section: 'On this list', keys: '=', run: write },
    ...(panel
      ? [
          { id: 'list.next', title: 'Next record', section: 'On this list', keys: 'j', run: () => step(1) },
          { id: 'list.previous', title: 'Previous record', section: 'On this list', keys: 'k', run: () => step(-1) },
        ]
      : [{ id: 'list.rows', title: 'Go to the rows', section: 'On this list', keys: 'j', also: 'arrowdown', run: toRows }]),
    ...(
      [
        ['↑↓ or J K', 'arrowdown', 'Move between rows'],
        ['x', 'x', 'Select the row'],
        ['space', 'space', 'Open beside the list'],
        ['enter', 'enter', 'Open; in a cell: edit'],
        ['right', 'arrowright', 'Go into the cells'],
      ] as const
    ).map(([id, keys, title]) => ({ id: `grid.${id}`, title, section: 'In the grid', keys, documented: true, run: () => undefined })),
  ])
}
