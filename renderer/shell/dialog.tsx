import { Modal } from '@mantine/core'
import type { ReactNode } from 'react'
import { usePhone } from '../fields/layer.tsx'

/** A dialog as they all are: its title, a cross, and the whole screen on a phone. */
export const Dialog = ({
  title,
  size = 480,
  onClose,
  stays = false,
  children,
}: {
  readonly title: string
  readonly size?: number
  readonly onClose: () => void
  /** A click beside it does not close it. */
  readonly stays?: boolean
  readonly children: ReactNode
}) => (
  <Modal
    opened
    onClose={onClose}
    title={title}
    size={size}
    fullScreen={usePhone()}
    closeOnClickOutside={!stays}
    closeButtonProps={{ 'aria-label': 'Close' }}
    classNames={{ title: 'section-title ellipsis', header: 'dialog-header', body: 'dialog-body' }}
  >
    {children}
  </Modal>
)
