import { define } from './define.ts'
import { pageOfText, textSettings } from './text.ts'
import type { TextSettings } from './text.ts'

/** CommonMark source, stored as written. Turning it into HTML, safely, is the renderer's. */
export const markdown = define<TextSettings>({
  ...pageOfText,
  id: 'markdown',
  compile: (node, report, use) => textSettings(node, report, use, { fallback: 20_000, ceiling: 100_000 }),
})
