/**
 * `npm run fuzz:expressions -- --cases N [--seed S] [--from WORLD] [--refused]`: compares random expressions in JavaScript and in PostgreSQL, on
 * a server of its own; PostgreSQL's process works while JavaScript does.
 * Ends with 1 when they differ, and prints the smallest expressions that show it.
 */
import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { expressionSql } from '../engine/testing/expressions/database.ts'
import { fuzz } from '../engine/testing/expressions/fuzz.ts'
import { startPostgres } from '../engine/testing/server.ts'

const option = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`)
  const value = at < 0 ? otherwise : Number(process.argv[at + 1])
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} must be followed by a whole number`)
  return value
}
const cases = option('cases', 20_000)
const seed = option('seed', randomBytes(4).readUInt32LE())
const from = option('from', 0)

const server = await startPostgres()
const client = new Client({ connectionString: server.url })
try {
  await client.connect()
  await client.query(await expressionSql())
  console.log(`seed ${seed}`)
  const started = performance.now()
  const {
    cases: done,
    faults,
    used,
    written,
    refused,
  } = await fuzz(client, {
    seed,
    cases,
    from,
    progress: (count) =>
      void (count % 50_000 === 0 && console.log(`${count} after ${((performance.now() - started) / 1000).toFixed(0)} s`)),
  })
  const seconds = (performance.now() - started) / 1000
  console.log(
    `${done} expressions in ${seconds.toFixed(1)} s (${Math.round(done / seconds)}/s), ${used.size} overloads, ${faults.length} differences`,
  )
  console.log(
    `${written} of them written as text and read again; ${[...refused.values()].reduce((a, b) => a + b, 0)} texts refused by the checker`,
  )
  if (process.argv.includes('--refused'))
    for (const [fault, count] of [...refused].sort((a, b) => b[1] - a[1]).slice(0, 40)) console.log(`  ${count}  ${fault}`)
  for (const fault of faults) console.log(`\n${fault}`)
  process.exitCode = faults.length > 0 ? 1 : 0
} finally {
  await client.end()
  await server.stop()
}
