import { createContext, useContext, type AnchorHTMLAttributes, type MouseEvent, type ReactNode } from 'react'

/** Goes to an address inside the application; the router provides it. `state` stays at this place of the browser's history. */
export type Go = (href: string, options?: { readonly replace?: boolean; readonly state?: object }) => void

export const NavigationContext = createContext<Go>((href) => {
  window.location.assign(href)
})
export const useGo = (): Go => useContext(NavigationContext)

const plainClick = (event: MouseEvent): boolean =>
  event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey && !event.defaultPrevented

/** A link: a plain click stays in the application, any other click is the browser's. */
export function A({
  href,
  children,
  onClick,
  ...rest
}: AnchorHTMLAttributes<HTMLAnchorElement> & { readonly href: string; readonly children: ReactNode }) {
  const go = useGo()
  return (
    <a
      {...rest}
      href={href}
      onClick={(event) => {
        onClick?.(event)
        if (!plainClick(event)) return
        event.preventDefault()
        go(href)
      }}
    >
      {children}
    </a>
  )
}
