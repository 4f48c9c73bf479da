import chromium from '@sparticuz/chromium'
import { existsSync } from 'node:fs'
import { chromium as playwright, type Browser, type Page } from 'playwright-core'

/** Where a person's own browser usually lies; only Linux x64 brings one inside an npm package. */
const installed = [
  process.env['CHROME_PATH'],
  '/usr/bin/google-chrome',
  '/usr/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:/Program Files/Google/Chrome/Application/chrome.exe',
].find((path): path is string => path !== undefined && existsSync(path))

/** Made for short-lived functions: as a single process it starves every page but the last. */
const packagedArgs = chromium.args.filter((arg) => arg !== '--single-process' && arg !== '--no-zygote')

const packaged = process.platform === 'linux' && process.arch === 'x64'
/** Where the browser lies, unpacked if it came packed. */
export const browserPath = async (): Promise<string | undefined> => (packaged ? chromium.executablePath() : installed)

/** A headless browser; null when this machine has none and none came with the packages. */
export async function openBrowser(): Promise<Browser | null> {
  const executablePath = await browserPath()
  if (executablePath === undefined) return null
  return playwright.launch({
    executablePath,
    headless: true,
    args: packaged ? [...packagedArgs, '--disable-background-networking', '--no-sandbox'] : ['--disable-background-networking'],
  })
}

export const sizes = { desk: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } } as const

/** Signs in through the form, as a person does. */
export async function signIn(page: Page, url: string, email: string, password: string): Promise<void> {
  await page.goto(url)
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Home', exact: true }).waitFor()
}
