import { inspect } from 'node:util'
import { pino } from 'pino'

export type LogLevel = 'error' | 'warn' | 'info'

/** What must stand in no log, wherever somebody puts it into a line. */
const secrets = ['authorization', 'cookie', 'set-cookie', 'password', 'secret', 'token', 'accessToken', 'refresh', 'code', 'recoveryCode']

/** JSON lines on stderr: stdout is for people. */
const logger = pino(
  {
    base: null,
    // Until the configuration is read.
    level: 'warn',
    timestamp: () => `,"at":"${new Date().toISOString()}"`,
    formatters: { level: (level) => ({ level }) },
    redact: { paths: secrets.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]), censor: '[redacted]' },
  },
  {
    write: (line: string) => {
      console.error(line.trimEnd())
    },
  },
)

/** From which level on lines are written. */
export function logFrom(level: LogLevel): void {
  logger.level = level
}

/** What should be known later of what happened. */
export function logLine(level: LogLevel, told: Readonly<Record<string, unknown>>): void {
  logger[level](told)
}

/** What went wrong on our side outside any request. */
export function logError(error: unknown): void {
  // pg-boss hands out copies of errors, which are no Error any more. Of whatever else they carry nothing is told: it may be people's data.
  const { stack, message } = Object(error) as { readonly stack?: unknown; readonly message?: unknown }
  logger.error({ error: [stack, message].find((text) => typeof text === 'string') ?? inspect(error) })
}
