import { Drawer, Popover } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import type { ReactNode } from 'react'

export const usePhone = (): boolean => useMediaQuery('(max-width: 640px)', false, { getInitialValueInEffect: false }) ?? false

/** A picker's floating layer: beside its target on a desk, a bottom sheet on a phone. Esc closes it and only it. */
export function Layer({
  opened,
  onClose,
  target,
  title,
  width = 260,
  children,
  position = 'bottom-start',
}: {
  readonly opened: boolean
  readonly onClose: () => void
  readonly target: ReactNode
  readonly title: string
  readonly width?: number | 'target'
  readonly children: ReactNode
  readonly position?: 'bottom-start' | 'bottom-end'
}) {
  if (usePhone()) {
    return (
      <>
        {target}
        <Drawer
          opened={opened}
          onClose={onClose}
          position="bottom"
          title={title}
          size="auto"
          zIndex={400}
          withCloseButton
          closeButtonProps={{ 'aria-label': 'Close' }}
          attributes={{ content: { 'data-layer': true } }}
          classNames={{ content: 'sheet', header: 'sheet-header', body: 'sheet-body', title: 'strong' }}
        >
          {opened && children}
        </Drawer>
      </>
    )
  }
  return (
    <Popover
      opened={opened}
      // A click elsewhere is told to closed ones too.
      onDismiss={() => {
        if (opened) onClose()
      }}
      width={width}
      position={position}
      offset={4}
      trapFocus
      returnFocus
      withinPortal
      zIndex={400}
      closeOnEscape={false}
    >
      <Popover.Target>{target}</Popover.Target>
      <Popover.Dropdown
        role="dialog"
        aria-label={title}
        data-layer
        className={width === 'target' ? 'layer-target' : undefined}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return
          event.stopPropagation()
          onClose()
        }}
      >
        {opened && children}
      </Popover.Dropdown>
    </Popover>
  )
}
