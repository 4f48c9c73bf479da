import { TextInput } from './text-input.tsx'
import type { FieldKind, Parsed } from './type.ts'

/** Duration: an ISO 8601 text, typed as `1h 30m`. Hours are the largest unit shown, so that 40 hours of work do not read as days. */
const units: readonly (readonly [letter: string, seconds: number])[] = [
  ['w', 604_800],
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
]
const secondsOf = (value: unknown): number | null => {
  const match = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(typeof value === 'string' ? value : '')
  return match ? units.reduce((sum, [, size], index) => sum + Number(match[index + 1] ?? 0) * size, 0) : null
}
const partsOf = (seconds: number): readonly (readonly [number, string])[] =>
  (
    [
      [Math.floor(seconds / 3600), 'h'],
      [Math.floor((seconds % 3600) / 60), 'm'],
      [seconds % 60, 's'],
    ] as const
  ).filter(([count]) => count > 0)
const writeDuration = (value: unknown): string => {
  const seconds = secondsOf(value)
  return seconds === null
    ? ''
    : partsOf(seconds)
        .map(([count, letter]) => `${count}${letter}`)
        .join(' ') || '0m'
}
function readDuration(text: string): Parsed {
  const typed = text.trim().toLowerCase()
  if (typed === '') return { value: null }
  const clock = /^(\d+):(\d{2})$/.exec(typed)
  const found = [...typed.matchAll(/(\d+(?:[.,]\d+)?)\s*([wdhms])[a-z]*/g)]
  const understood =
    found
      .map((part) => part[0])
      .join('')
      .replace(/\s/g, '') === typed.replace(/\s/g, '')
  if (!clock && (found.length === 0 || !understood)) return { fault: 'Enter a duration, such as 1h 30m' }
  const seconds = clock
    ? Number(clock[1]) * 3600 + Number(clock[2]) * 60
    : found.reduce(
        (sum, part) => sum + Number((part[1] ?? '0').replace(',', '.')) * (units.find(([letter]) => letter === part[2])?.[1] ?? 0),
        0,
      )
  const parts = partsOf(Math.round(seconds))
  return { value: `PT${parts.map(([count, letter]) => `${count}${letter.toUpperCase()}`).join('') || '0S'}` }
}
export const duration: FieldKind = {
  Show: ({ value }) => <span className="num">{writeDuration(value)}</span>,
  Edit: (props) => <TextInput {...props} write={writeDuration} read={readDuration} placeholder="1h 30m" />,
  format: writeDuration,
  parse: readDuration,
  filterOps: [
    ['gte', '≥'],
    ['lte', '≤'],
    ['eq', '='],
    ['null', 'is empty'],
  ],
  align: 'end',
  width: 100,
}
