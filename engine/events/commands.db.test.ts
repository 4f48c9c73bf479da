import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig } from '../config.ts'
import { addTenants, as, openEngine, tenants, type OpenTestDatabase } from '../testing/engines.ts'
import { auditCommand } from './commands.ts'
import { sequenceAll } from './sequencer.ts'

const { acme, globex } = tenants
const id = '00000000-0000-7000-8000-000000000001'

let dataDir: string
let database: OpenTestDatabase
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'bos-audit-'))
  database = await openEngine('native')
  await addTenants(database)
  const values = [acme, id]
  await database.transaction(as(acme), (tx) =>
    tx.commit({
      role: 'bos_write',
      queries: [
        {
          text: `insert into bos.event (id, tenant_id, at, entity, record_id, type, version, revision, via, digest) values ($2, $1, '2026-11-01', 'e', $2, 'created', 1, 0, 'api', sha256(''))`,
          values,
        },
        { text: `insert into bos.event_pending (event_id, tenant_id, at) values ($2, $1, '2026-11-01')`, values },
      ],
    }),
  )
  await sequenceAll(database)
})
afterAll(async () => {
  await database.close()
  await rm(dataDir, { recursive: true })
})

const run = async (...args: string[]): Promise<{ code: number; lines: string[] }> => {
  const lines: string[] = []
  const config = () => readConfig({ DATABASE_URL: database.url ?? '', DATA_DIR: dataDir }, dataDir)
  return { code: await auditCommand.run(args, { out: (line) => lines.push(line), config }), lines }
}

test('says of every tenant how far its log is whole; a break ends with code 1', async () => {
  expect((await run()).code).toBe(2)
  const whole = await run('verify')
  expect(whole.code).toBe(0)
  expect(whole.lines).toEqual([
    expect.stringMatching(`^${acme}  1 event verified, 1 with an erased body, head [0-9a-f]{64}$`),
    `${globex}  0 events verified, head none`,
  ])
  await database.withOwner((owner) => owner.query(`update bos.event set via = 'ui'`))
  const broken = await run('verify')
  expect(broken.code).toBe(1)
  expect(broken.lines[0]).toBe(
    `${acme}  BROKEN at position 1: the event or the chain before it was changed (event ${id}); 0 before it verified`,
  )
})
