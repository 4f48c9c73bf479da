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
  quiet = false,
}: {
  readonly icon?: ReactNode
  readonly title: string
  readonly crumbs?: ReactNode
  readonly children?: ReactNode
  /** Where the phone's back arrow goes; absent: no arrow. */
  readonly back?: string | undefined
  /** The screen below says its title itself, larger: here it is for the tab and for screen readers only. */
  readonly quiet?: boolean
}) {
  const { tenant } = useCatalogue()
  const phone = usePhone()
  const go = useGo()
  useEffect(() => {
    document.title = `${title} · ${tenant.name}`
  }, [title, tenant.name])
  return (
    <header className="page-bar" data-quiet={quiet || undefined}>
      {phone && back !== undefined && (
        <button className="icon-btn" aria-label="Back" onClick={() => go(back)}>
          <IconChevronLeft size={20} stroke={1.5} aria-hidden />
        </button>
      )}
      {icon}
      {(!phone || quiet) && crumbs}
      <h1 className={quiet ? 'sr-only' : 'page-title ellipsis'}>{title}</h1>
      <div className="page-actions">{children}</div>
    </header>
  )
}

/** What one can do on a screen of its own (a form, an import), within reach of the thumb; on a desk it stands in the page bar. */
export function ActionDock({ children }: { readonly children: ReactNode }) {
  return usePhone() && children !== null ? <div className="action-dock">{children}</div> : null
}
