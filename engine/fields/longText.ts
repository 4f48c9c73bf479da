import { define } from './define.ts'
import { pageOfText, textSettings } from './text.ts'
import type { TextSettings } from './text.ts'

/** Plain text of several lines. */
export const longText = define<TextSettings>({
  ...pageOfText,
  id: 'longText',
  compile: (node, report, use) => textSettings(node, report, use, { fallback: 20_000, ceiling: 100_000 }),
})
