import { readFile } from 'node:fs/promises'
import { foldSql } from '../field-subject.ts'

/** The functions that expressions call, as the engine migrations define them, without the rest of the engine. */
export async function expressionSql(): Promise<string> {
  const text = await readFile(new URL('../../schema/migrations/007_expressions.sql', import.meta.url), 'utf8')
  return `${await foldSql()}; ${text.slice(0, text.indexOf('grant execute'))}`
}
