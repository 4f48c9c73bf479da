import { inspect } from 'node:util'

/** What should be known later of what happened, as one JSON line. */
export function logLine(level: 'info', told: Readonly<Record<string, unknown>>): void {
  console.info(JSON.stringify({ at: new Date().toISOString(), level, ...told }))
}

/** What went wrong on our side outside any request, as one JSON line. */
export function logError(error: unknown): void {
  // pg-boss hands out copies of errors, which are no Error any more. Of whatever else they carry nothing is told: it may be people's data.
  const { stack, message } = Object(error) as { readonly stack?: unknown; readonly message?: unknown }
  const told = [stack, message].find((text) => typeof text === 'string') ?? inspect(error)
  console.error(JSON.stringify({ at: new Date().toISOString(), level: 'error', error: told }))
}
