import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'
import { ListPage } from './list/list-page.tsx'
import { RecordPage } from './record/record-page.tsx'
import { Home } from './shell/home.tsx'
import { Shell } from './shell/shell.tsx'
import { NotFoundPage } from './shell/states.tsx'

/** Search parameters are plain texts, so that a list's address reads like the API's: `?stage.in=won&sort=-value`. */
export type Search = Readonly<Record<string, string>>
const validateSearch = (search: Record<string, unknown>): Search =>
  Object.fromEntries(Object.entries(search).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])))

const root = createRootRoute({ component: Shell, notFoundComponent: () => NotFoundPage({}), validateSearch })
const home = createRoute({ getParentRoute: () => root, path: '/', component: Home })
const list = createRoute({ getParentRoute: () => root, path: '/e/$module/$plural', component: ListPage })
const create = createRoute({
  getParentRoute: () => root,
  path: '/e/$module/$plural/new',
  component: lazyRouteComponent(() => import('./form/form-page.tsx'), 'CreatePage'),
})
const importing = createRoute({
  getParentRoute: () => root,
  path: '/e/$module/$plural/import',
  component: lazyRouteComponent(() => import('./import/import-page.tsx'), 'ImportPage'),
})
const record = createRoute({ getParentRoute: () => root, path: '/e/$module/$plural/$id', component: RecordPage })
const edit = createRoute({
  getParentRoute: () => root,
  path: '/e/$module/$plural/$id/edit',
  component: lazyRouteComponent(() => import('./form/form-page.tsx'), 'EditPage'),
})

const account = createRoute({
  getParentRoute: () => root,
  path: '/account',
  component: lazyRouteComponent(() => import('./account/account-page.tsx'), 'AccountPage'),
})
const workspaceOf = lazyRouteComponent(() => import('./workspace/workspace-page.tsx'), 'WorkspacePage')
const workspace = createRoute({ getParentRoute: () => root, path: '/workspace', component: workspaceOf })
const workspacePart = createRoute({ getParentRoute: () => root, path: '/workspace/$part', component: workspaceOf })

export const router = createRouter({
  routeTree: root.addChildren([home, list, create, importing, record, edit, account, workspace, workspacePart]),
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const text = new URLSearchParams(
      Object.entries(search).flatMap(([name, value]) => (value === undefined || value === null ? [] : [[name, String(value)]])),
    ).toString()
    return text === '' ? '' : `?${text}`
  },
  defaultPreload: false,
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
