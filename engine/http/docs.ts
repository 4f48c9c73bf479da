import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { openapiRoute, type OpenapiParts } from './openapi.ts'
import { Problem } from '../problems.ts'
import { empty, type Route } from './route.ts'
import { weakTag } from './send.ts'

/** Everything the page loads is ours to serve. Swagger UI sets styles through the DOM, which no `style-src` forbids: only its own style sheet is needed. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
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
<nav id="contents" aria-label="Parts of the API"></nav>
<main id="docs"><p>Loading …</p></main>
<noscript><p>This page needs JavaScript. The document itself is at /api/openapi.json.</p></noscript>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/page.js" type="module"></script>
</body>
</html>
`
const pageStyle = `body { display: flex; margin: 0; background: #fff; color: #3b4151; font: 14px/1.5 system-ui, sans-serif }
#docs { flex: 1; min-width: 0 }
#docs > p { margin: 2rem }
#contents:empty { display: none }
#contents { position: sticky; top: 0; box-sizing: border-box; width: 15rem; height: 100vh; padding: 1.5rem 1rem; overflow-y: auto; border-right: 1px solid #ddd }
#contents h2 { margin: 1.25rem 0.5rem 0.25rem; font-size: 12px; color: #5c6470 }
#contents a { display: block; padding: 0.2rem 0.5rem; border-radius: 4px; color: inherit; text-decoration: none }
#contents a::first-letter { text-transform: uppercase }
#contents a:hover { background: #f0f2f4 }
#contents a[aria-current] { background: #e3edf9; font-weight: 600 }
@media (max-width: 800px) {
  body { display: block }
  #contents { position: static; width: auto; height: auto; max-height: 12rem; border-right: 0; border-bottom: 1px solid #ddd }
}
`

interface File {
  readonly body: string
  readonly etag: string
  readonly type: string
}

const read = (url: string): Promise<string> => readFile(fileURLToPath(url), 'utf8')
const sources: Readonly<Record<string, { readonly type: string; readonly read: () => Promise<string> | string }>> = {
  'page.js': { type: 'text/javascript', read: () => read(import.meta.resolve('./docs-page.js')) },
  'page.css': { type: 'text/css', read: () => pageStyle },
  'swagger-ui-bundle.js': { type: 'text/javascript', read: () => read(import.meta.resolve('swagger-ui-dist/swagger-ui-bundle.js')) },
  'swagger-ui.css': { type: 'text/css', read: () => read(import.meta.resolve('swagger-ui-dist/swagger-ui.css')) },
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
      method: 'GET',
      path: '/api/docs',
      guard: 'public',
      handle: () =>
        Promise.resolve({
          status: 200,
          body: page,
          headers: {
            'content-type': 'text/html; charset=utf-8',
            'content-security-policy': contentSecurityPolicy,
            'referrer-policy': 'same-origin',
          },
        }),
    },
    {
      method: 'GET',
      path: '/api/docs/:file',
      guard: 'public',
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
