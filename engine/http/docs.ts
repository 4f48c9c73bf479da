import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openapiRoute, type OpenapiParts } from './openapi.ts'
import { Problem } from '../problems.ts'
import { empty, type Route } from './route.ts'
import { weakTag } from './send.ts'

/** Everything the page loads is ours to serve. Swagger UI sets styles through the DOM, which no `style-src` forbids: only its own style sheet is needed. */
const contentSecurityPolicy = [
  "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
].join('; ')

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>BusinessOS API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
<link rel="stylesheet" href="/api/docs/page.css">
</head>
<body>
<main id="docs"><p>Loading …</p></main>
<noscript><p>This page needs JavaScript. The document itself is at /api/openapi.json.</p></noscript>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/page.js" type="module"></script>
</body>
</html>
`
const pageStyle = `body { margin: 0; font-family: system-ui, sans-serif }
#docs > p { margin: 2rem; color: #333 }
@media (prefers-color-scheme: dark) { body { background: #1c1e21 } #docs > p, #docs > p > a { color: #ddd } }
`

interface File {
  readonly body: string
  readonly etag: string
  readonly type: string
}

const swaggerUi = (name: string): string => fileURLToPath(import.meta.resolve(`swagger-ui-dist/${name}`))
const sources: Readonly<Record<string, { readonly type: string; readonly read: () => Promise<string> | string }>> = {
  'page.js': { type: 'text/javascript', read: () => readFile(join(import.meta.dirname, 'docs-page.js'), 'utf8') },
  'page.css': { type: 'text/css', read: () => pageStyle },
  'swagger-ui-bundle.js': { type: 'text/javascript', read: () => readFile(swaggerUi('swagger-ui-bundle.js'), 'utf8') },
  'swagger-ui.css': { type: 'text/css', read: () => readFile(swaggerUi('swagger-ui.css'), 'utf8') },
}

/** A page to read the caller's document and try it out. The page itself is open to all: it holds nothing but what it asks for. */
function docsRoutes(): readonly Route[] {
  const loaded = new Map<string, Promise<File>>()
  const load = async (name: string): Promise<File> => {
    const source = sources[name]
    if (!source) throw new Problem('not-found')
    const body = await source.read()
    return { body, etag: weakTag(body), type: `${source.type}; charset=utf-8` }
  }
  return [
    {
      method: 'GET', path: '/api/docs', guard: 'public',
      handle: () => Promise.resolve({ status: 200, body: page, headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': contentSecurityPolicy, 'referrer-policy': 'same-origin' } }),
    },
    {
      method: 'GET', path: '/api/docs/:file', guard: 'public',
      handle: async ({ request }) => {
        const name = String(request.params['file'])
        if (!Object.hasOwn(sources, name)) throw new Problem('not-found')
        if (!loaded.has(name)) loaded.set(name, load(name))
        const { body, etag, type } = await (loaded.get(name) ?? load(name))
        if (request.headers['if-none-match']?.includes(etag) === true) return empty(304, { etag })
        return { status: 200, body, headers: { 'content-type': type, etag } }
      },
    },
  ]
}

/** The document of what the caller may do, and the page that shows it. They stand before the routes of records, whose addresses they resemble. */
export const openapiRoutes = (parts: OpenapiParts): readonly Route[] => [openapiRoute(parts), ...docsRoutes()]
