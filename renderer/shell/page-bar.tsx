import { IconChevronLeft } from '@tabler/icons-react'
import { useEffect, type ReactNode } from 'react'
import { useCatalogue } from '../api/catalogue.ts'
import { usePhone } from '../fields/layer.tsx'
import { useGo } from '../model/navigation.tsx'

/** The bar above a screen: where one is on the left, what one can do on the right. It also names the browser's tab. */
export function PageBar({
  icon,
  title,
  crumbs,
  children,
  back,
}: {
  readonly icon?: ReactNode
  readonly title: string
  readonly crumbs?: ReactNode
  readonly children?: ReactNode
  /** Where the phone's back arrow goes; absent: no arrow. */
  readonly back?: string | undefined
}) {
  const { tenant } = useCatalogue()
  const phone = usePhone()
  const go = useGo()
  useEffect(() => {
    document.title = `${title} · ${tenant.name}`
  }, [title, tenant.name])
  return (
    <header className="page-bar">
      {phone && back !== undefined && (
        <button className="icon-btn" aria-label="Back" onClick={() => go(back)}>
          <IconChevronLeft size={20} stroke={1.5} aria-hidden />
        </button>
      )}
      {icon}
      {crumbs}
      <h1 className="page-title ellipsis">{title}</h1>
      <div className="page-actions">{children}</div>
    </header>
  )
}
