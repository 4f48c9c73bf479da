/**
 * Makes docs/gallery: every screen at 1440 and 390 px, from a fresh demo on the embedded engine, and an index of them.
 *
 *   npm run gallery                                  all of them
 *   npm run gallery -- --only list,record --dark     some of them, as they look at night
 *   npm run gallery -- --to folder --png             somewhere else, as PNG
 *   npm run gallery -- --url http://localhost:3000   of a demo that runs already, with its password in DEMO_PASSWORD
 */
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { startApp } from '../engine/app.ts'
import { readConfig } from '../engine/config.ts'
import { openBrowser, signIn, sizes } from '../renderer/testing/browser.ts'
import { screens, type Ask, type Screen } from './gallery-screens.ts'

const { values: options } = parseArgs({
  options: {
    to: { type: 'string' },
    only: { type: 'string' },
    dark: { type: 'boolean', default: false },
    url: { type: 'string' },
    png: { type: 'boolean', default: false },
  },
})
const root = join(import.meta.dirname, '..')
const folder = options.to ?? join(root, 'docs', 'gallery')
const chosen = options.only === undefined ? screens : screens.filter((screen) => options.only?.split(',').includes(screen.name))

interface Demo {
  readonly url: string
  readonly password: string
  close(): Promise<void>
}

async function openDemo(): Promise<Demo> {
  const given = process.env['DEMO_PASSWORD']
  if (options.url !== undefined) return { url: options.url, password: given ?? '', close: async () => {} }
  const password = given ?? randomBytes(12).toString('base64url')
  const dataDir = await mkdtemp(join(tmpdir(), 'businessos-gallery-'))
  const app = await startApp(readConfig({ DATA_DIR: dataDir, PORT: '0', DEMO_PASSWORD: password }, root), { demo: true })
  return {
    url: app.url,
    password,
    close: async () => {
      await app.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** Playwright takes PNG and JPEG only; Chromium itself also WebP, which is a third of the size. */
async function picture(page: Page, file: string): Promise<number> {
  const { width = 0, height = 0 } = page.viewportSize() ?? {}
  const session = await page.context().newCDPSession(page)
  const { data } = await session.send('Page.captureScreenshot', {
    ...(options.png ? { format: 'png' } : { format: 'webp', quality: 80 }),
    // A phone's picture is made as sharp as a phone's screen.
    clip: { x: 0, y: 0, width, height, scale: width < 640 ? 2 : 1 },
  })
  await session.detach()
  const bytes = Buffer.from(data, 'base64')
  await writeFile(file, bytes)
  return bytes.length
}

/** A window of one person, signed in once for all the screens they look at. */
async function openWindow(browser: Browser, demo: Demo, size: keyof typeof sizes, as: Screen['as']): Promise<BrowserContext> {
  const phone = size === 'phone'
  const context = await browser.newContext({
    viewport: sizes[size],
    deviceScaleFactor: phone ? 2 : 1,
    hasTouch: phone,
    isMobile: phone,
    colorScheme: options.dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
    locale: 'en-GB',
  })
  if (as !== null) {
    const page = await context.newPage()
    await signIn(page, demo.url, `${as}@acme.test`, demo.password)
    await page.close()
  }
  return context
}

async function askAs(demo: Demo, as: Screen['as']): Promise<Ask> {
  if (as === null) return () => Promise.reject(new Error('nobody is signed in'))
  const login = await fetch(`${demo.url}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: `${as}@acme.test`, password: demo.password }),
  })
  const { accessToken } = (await login.json()) as { accessToken: string }
  return async (path, patch) => {
    const reply = await fetch(demo.url + path, {
      headers: { authorization: `Bearer ${accessToken}`, ...(patch && { 'content-type': 'application/json', 'if-match': '*' }) },
      ...(patch && { method: 'PATCH', body: JSON.stringify(patch) }),
    })
    if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`)
    return (await reply.json()) as Awaited<ReturnType<Ask>>
  }
}

async function shoot(browser: Browser, demo: Demo): Promise<void> {
  const asks = new Map<Screen['as'], Ask>()
  for (const size of ['desk', 'phone'] as const) {
    const windows = new Map<Screen['as'], BrowserContext>()
    for (const { name, as, pose } of chosen) {
      const context = windows.get(as) ?? (await openWindow(browser, demo, size, as))
      windows.set(as, context)
      const ask = asks.get(as) ?? (await askAs(demo, as))
      asks.set(as, ask)
      const page = await context.newPage()
      page.setDefaultTimeout(20_000)
      const open = async (path: string): Promise<void> => void (await page.goto(demo.url + path))
      try {
        await pose({ page, phone: size === 'phone', ask, open })
        // Late answers (titles of references, counts) and layers that fade in.
        await page.waitForTimeout(name === 'import-progress' ? 0 : 900)
        const file = `${name}-${sizes[size].width}.${options.png ? 'png' : 'webp'}`
        const length = await picture(page, join(folder, file))
        console.log(`${file.padEnd(30)} ${Math.round(length / 1024)} kB`)
      } catch (error) {
        await picture(page, join(folder, `failed-${name}.${options.png ? 'png' : 'webp'}`))
        throw new Error(`${name} at ${sizes[size].width} px could not be pictured`, { cause: error })
      }
      // A draft that one screen left behind would greet the next.
      if (as !== null) await page.evaluate(() => localStorage.clear())
      await page.close()
    }
    for (const context of windows.values()) await context.close()
  }
}

const index = (): string =>
  [
    '# Screens',
    '',
    'Every screen at 1440 and 390 px, generated from `modules-json/` and its sample data. `npm run gallery` makes them again.',
    '',
    ...screens.flatMap(({ name, title }) => [
      `## ${title}`,
      '',
      '| 1440 px | 390 px |',
      '| --- | --- |',
      `| <img src="${name}-1440.webp" width="660" alt="${title} at 1440 px"> | <img src="${name}-390.webp" width="180" alt="${title} at 390 px"> |`,
      '',
    ]),
  ].join('\n')

const browser = await openBrowser()
if (browser === null) throw new Error('No browser: CHROME_PATH names one.')
const demo = await openDemo()
try {
  await mkdir(folder, { recursive: true })
  await shoot(browser, demo)
  if (options.to === undefined && options.only === undefined) await writeFile(join(folder, 'README.md'), index())
} finally {
  await browser.close()
  await demo.close()
}
