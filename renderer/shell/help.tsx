import { Modal } from '@mantine/core'
import { Keys, useAllCommands } from './commands.tsx'

/** Every shortcut of the present screen, from the same registry that the keys and the palette use. */
export function Help({ opened, onClose }: { readonly opened: boolean; readonly onClose: () => void }) {
  const commands = useAllCommands().filter((command) => command.keys !== undefined)
  const sections = [...new Set(commands.map((command) => command.section))]
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Keyboard shortcuts"
      size={720}
      classNames={{ title: 'section-title', header: 'dialog-header', body: 'dialog-body' }}
    >
      <div className="help">
        {sections.map((section) => (
          <section key={section}>
            <h3 className="label">{section}</h3>
            <dl>
              {commands
                .filter((command) => command.section === section)
                .map((command) => (
                  <div key={command.id} className="help-row">
                    <dt>{command.title}</dt>
                    <dd>{command.keys !== undefined && <Keys keys={command.keys} />}</dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  )
}
