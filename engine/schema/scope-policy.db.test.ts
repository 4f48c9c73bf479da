import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { check } from '../catalogue/check.ts'
import { compileCatalogue } from '../catalogue/compile.ts'
import { exampleModule } from '../testing/example.ts'
import { loadModules } from '../catalogue/load.ts'
import type { Catalogue } from '../catalogue/types.ts'
import { compiledValidate } from '../catalogue/validate.ts'
import { asRole, embeddedSession, nativeSession } from '../testing/schema.ts'
import type { TestSession } from '../testing/schema.ts'
import { applyCatalogues } from './apply.ts'

/** A scope that a module declares by an expression is a part of the row policy: it changes with the module, and costs lists no index. */
const core = (await loadModules(join(import.meta.dirname, '../../modules-json'))).filter(({ id }) => id === 'core')
function catalogueWith(where: string): Catalogue {
  const vault = exampleModule('vault', {
    'module.json': { id: 'vault', version: '1.0.0', metamodel: 1, title: 'Vault', depends: { core: '^1.0.0' } },
    'entities/file.json': {
      title: 'File',
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string', maxLength: 80, 'x-bos': { index: true } },
        stage: { enum: ['open', 'shut'] },
        team: { 'x-bos': { type: 'reference', entity: 'core.team' } },
      },
      'x-bos': { scopes: [{ id: 'some', title: 'Some', where }] },
    },
  })
  const sources = [...core, vault]
  expect(check(sources, compiledValidate())).toEqual([])
  return compileCatalogue(sources, where)
}

interface Plan {
  readonly 'Node Type': string
  readonly 'Index Name'?: string
  readonly 'Index Cond'?: string
  readonly Filter?: string
  readonly Plans?: readonly Plan[]
}
const nodes = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)]

describe.each(['native', 'embedded'] as const)('%s', (engine) => {
  let session: TestSession
  let acting: { tenant: string; member: string; scopes: string[] }
  const policy = async (): Promise<string> => {
    const { rows } = await session.query(
      `select qual from pg_policies where schemaname = 'vault' and tablename = 'file' and policyname = 'bos_read'`,
    )
    return String(rows[0]?.['qual'])
  }
  beforeAll(async () => {
    session = await (engine === 'native' ? nativeSession() : embeddedSession())
    await applyCatalogues(session, [catalogueWith("self.stage == 'open'")])
    await session.query(`
      insert into core.team (tenant_id, id, version, revision, created_at, created_via, updated_at, name)
        select md5('t' || t)::uuid, md5('t' || t || 'e' || e)::uuid, 1, 1, now(), 'seed', now(), 'Team ' || e from generate_series(1, 20) t, generate_series(0, 3) e;
      insert into core.member (tenant_id, id, version, revision, created_at, created_via, updated_at, name, team)
        select md5('t' || t)::uuid, md5('t' || t || 'm')::uuid, 1, 1, now(), 'seed', now(), 'Member', md5('t' || t || 'e1')::uuid from generate_series(1, 20) t;
      insert into vault.file (tenant_id, id, version, revision, created_at, created_via, updated_at, name, stage, team)
        select md5('t' || t)::uuid, md5('t' || t || 'd' || d)::uuid, 1, 1, now(), 'seed', now(), 'File ' || lpad(d::text, 4, '0'),
          case d % 2 when 0 then 'open' else 'shut' end, md5('t' || t || 'e' || d % 4)::uuid
        from generate_series(1, 20) t, generate_series(1, 400) d;
      analyze core.member; analyze vault.file;`)
    const { rows } = await session.query(`select md5('t7')::uuid as tenant, md5('t7m')::uuid as member`)
    acting = { tenant: String(rows[0]!['tenant']), member: String(rows[0]!['member']), scopes: ['vault.file:some'] }
  })
  afterAll(() => session.close())
  const count = async (scopes = acting.scopes): Promise<number> =>
    asRole(session, 'bos_read', { ...acting, scopes }, async () =>
      Number((await session.query('select count(*)::int as n from vault.file')).rows[0]!['n']),
    )

  test('the policy is what the expression says, and changes with it', async () => {
    expect(await count()).toBe(200)
    expect(await count([])).toBe(0)
    expect(await count(['vault.file:all'])).toBe(400)
    const before = await policy()
    expect(before).toContain('open')
    await applyCatalogues(session, [catalogueWith('self.team == user.team')])
    expect(await policy()).not.toBe(before)
    expect(await count()).toBe(100)
    // Both at once, while two versions are in use; and each tells only of its own tenants' rows.
    await applyCatalogues(session, [catalogueWith('self.team == user.team'), catalogueWith("self.stage == 'open'")])
    const both = await policy()
    expect(both).toContain('bos.me')
    expect(both).toContain('open')
    await applyCatalogues(session, [catalogueWith("self.stage == 'open'")])
    expect(await policy()).toBe(before)
    expect(await count()).toBe(200)
  })

  test('a list under it goes by an index that begins with the tenant, and asks who it is once', async () => {
    await applyCatalogues(session, [catalogueWith('self.team == user.team')])
    const plan = await asRole(session, 'bos_read', acting, async () => {
      const { rows } = await session.query(
        `explain (format json, costs off) select id, name from vault.file where tenant_id = '${acting.tenant}' and deleted_at is null
           and name collate "und-x-icu" >= 'File 0007' order by name collate "und-x-icu" limit 20`,
      )
      return nodes((rows[0]!['QUERY PLAN'] as { Plan: Plan }[])[0]!.Plan)
    })
    const scan = plan.find((node) => node['Index Name'] === 'vault__file__name__idx')
    expect(plan.map((node) => node['Node Type'])).not.toContain('Seq Scan')
    expect(scan?.['Index Cond']).toMatch(/tenant_id = .*name/)
    expect(scan?.Filter).toMatch(/InitPlan/)
    expect(scan?.Filter).not.toMatch(/bos\.me/)
  })
})
