import { Menu } from '@mantine/core'
import { IconDots, IconDownload, IconTableImport, IconTrash } from '@tabler/icons-react'
import { exportRecords } from '../api/actions.ts'
import { may, type Entity } from '../api/catalogue.ts'
import { listAddress } from '../model/entity.ts'
import { useGo } from '../model/navigation.tsx'
import { failed } from '../shell/toast.tsx'

/** What can be done with a whole list: import, export, look at what was deleted. */
export function ListMenu({
  entity,
  query,
  deleted,
  onDeleted,
}: {
  readonly entity: Entity
  readonly query: Readonly<Record<string, string | undefined>>
  readonly deleted: boolean
  readonly onDeleted: () => void
}) {
  const go = useGo()
  const save = (format: 'csv' | 'jsonl'): void =>
    void exportRecords(entity, { ...query, expand: undefined }, format).catch((error: unknown) =>
      failed('The export did not finish.', error),
    )
  return (
    <Menu width={220} position="bottom-end">
      <Menu.Target>
        <button className="icon-btn" aria-label="More actions">
          <IconDots size={16} stroke={1.5} aria-hidden />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {may(entity, 'import') && (
          <Menu.Item leftSection={<IconTableImport size={16} stroke={1.5} />} onClick={() => go(`${listAddress(entity)}/import`)}>
            Import from a file
          </Menu.Item>
        )}
        {may(entity, 'export') && (
          <Menu.Item leftSection={<IconDownload size={16} stroke={1.5} />} onClick={() => save('csv')}>
            Export as CSV
          </Menu.Item>
        )}
        {may(entity, 'export') && (
          <Menu.Item leftSection={<IconDownload size={16} stroke={1.5} />} onClick={() => save('jsonl')}>
            Export as JSON lines
          </Menu.Item>
        )}
        {may(entity, 'restore') && (
          <Menu.Item leftSection={<IconTrash size={16} stroke={1.5} />} onClick={onDeleted}>
            {deleted ? 'Leave the deleted records' : 'Show deleted records'}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  )
}
