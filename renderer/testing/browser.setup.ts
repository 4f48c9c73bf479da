import { browserPath } from './browser.ts'

/** Unpacks the browser once, before test files that run side by side would each write it where another already starts it. */
export default async function setup(): Promise<void> {
  await browserPath()
}
