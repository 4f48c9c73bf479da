import { randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import helmet from 'helmet'
import { limits } from '../config.ts'
import { acceptsGzip, weakTag } from './send.ts'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
}
const compressible = /^(text|application)\/|svg/
const compress = promisify(gzip)

interface Asset {
  readonly type: string
  readonly bytes: Buffer
  readonly tag: string
  gzipped: Promise<Buffer> | null
}

/** Part of an address: no dotfile, nothing escaped. */
const segment = String.raw`/[\w~-][\w.~-]*`
/** The addresses that the routers in the browser know (renderer/router.tsx), by page. Any other is not there, and says so. */
const pages: readonly (readonly [page: string, addresses: RegExp])[] = [
  [
    '/index.html',
    new RegExp(
      `^/$|^/e(?:${segment}){2,4}/?$|^/(?:account|reset|verify|email|invitation|sso|sign-up|mail)/?$|^/workspace(?:${segment})?/?$`,
    ),
  ],
  ['/admin/index.html', new RegExp(`^/admin(?:${segment})*/?$`)],
]

/** What stands in a built page where the nonce of each answer goes (renderer/vite.config.ts). */
const noncePlace = '%CSP_NONCE%'

/** Pages run only scripts and styles from our own files, and style elements that carry this answer's nonce: nothing inline, no eval. */
export const pageHeaders = (): RequestHandler => {
  const secure = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", (_request, response) => `'nonce-${nonceOf(response as Response)}'`],
        imgSrc: ["'self'", 'data:', 'blob:'],
        fontSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    strictTransportSecurity: { maxAge: limits.strictTransportSeconds, includeSubDomains: false },
    referrerPolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
  })
  return (request, response, next) => {
    response.locals['nonce'] = randomBytes(16).toString('base64')
    secure(request, response, next)
  }
}

const nonceOf = ({ locals }: Response): string => String(locals['nonce'])

/**
 * Serves the built pages from memory: a look-up by exact name, so no path can lead anywhere else. Files under /assets/ carry a hash
 * in their name and never change. Whoever opens an address of the UI gets the page of its part; scripts that ask there get none.
 */
export async function servePages(folder: string): Promise<RequestHandler> {
  const files = await loadFolder(folder)
  return function serve(request: Request, response: Response, next: NextFunction): void {
    if (request.method !== 'GET' && request.method !== 'HEAD') return next()
    const { path } = request
    const exact = path.endsWith('.html') ? undefined : files.get(path)
    if (exact) return void send(request, response, exact, path.startsWith('/assets/')).catch(next)
    const isPage = path.endsWith('.html') && files.has(path)
    const name = isPage ? path : pages.find(([, addresses]) => addresses.test(path))?.[0]
    // A name that ends like a file is one that is missing; `/admin/crm.deal` does not.
    if (name === undefined || (!isPage && (types[extname(path)] !== undefined || !isNavigation(request)))) return next()
    const page = files.get(name)
    if (page) return sendPage(request, response, page)
    response.status(404).type('text/plain').send('The user interface is not built. "npm start" builds it; the API is under /api.\n')
  }
}

/** Browsers say what they will do with the answer; for other clients it is enough that they would take a page. */
function isNavigation(request: Request): boolean {
  const mode = request.headers['sec-fetch-mode']
  return mode === undefined ? request.accepts('html') !== false : mode === 'navigate'
}

async function loadFolder(folder: string): Promise<Map<string, Asset>> {
  const files = new Map<string, Asset>()
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  await Promise.all(
    entries
      .filter((entry) => entry.isFile() && types[extname(entry.name)])
      .map(async (entry) => {
        const file = join(entry.parentPath, entry.name)
        const bytes = await readFile(file)
        const asset = { type: types[extname(file)] ?? '', bytes, tag: weakTag(bytes), gzipped: null }
        files.set(file.slice(folder.length).replaceAll(sep, '/'), asset)
      }),
  )
  return files
}

/** A page is another one every time, and small: never kept, never compressed. */
function sendPage(request: Request, response: Response, { type, bytes }: Asset): void {
  const text = bytes.toString().replaceAll(noncePlace, nonceOf(response))
  response.setHeader('content-type', type)
  response.setHeader('cache-control', 'no-store')
  response.setHeader('content-length', Buffer.byteLength(text))
  response.end(request.method === 'HEAD' ? undefined : text)
}

async function send(request: Request, response: Response, asset: Asset, immutable: boolean): Promise<void> {
  response.setHeader('content-type', asset.type)
  response.setHeader('cache-control', immutable ? 'public, max-age=31536000, immutable' : 'no-cache')
  response.setHeader('etag', asset.tag)
  response.setHeader('vary', 'Accept, Accept-Encoding, Sec-Fetch-Mode')
  if (request.headers['if-none-match']?.includes(asset.tag)) return void response.status(304).end()
  let { bytes } = asset
  if (compressible.test(asset.type) && acceptsGzip(request)) {
    asset.gzipped ??= compress(asset.bytes)
    bytes = await asset.gzipped
    response.setHeader('content-encoding', 'gzip')
  }
  response.setHeader('content-length', bytes.length)
  response.end(request.method === 'HEAD' ? undefined : bytes)
}
