import type { Client } from 'pg'

/** A tenant as the data needs it; `number` makes ids that the load can compute. */
export interface BenchTenant {
  readonly number: number
  readonly id: string
  readonly member: string
  readonly deals: number
}

/** One company for so many deals. */
const dealsPerCompany = 10

const firstMs = Date.UTC(2025, 0, 1)
/** Two years of deals, whatever their number: the n-th was made this many milliseconds after the first. */
const stepMs = (deals: number): number => Math.floor((700 * 86_400_000) / deals)
const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0')

const kinds = { deal: 0, company: 1, tag: 2, tagging: 3 } as const

/** The id of a tenant's n-th record of a kind (0 …): a UUIDv7 in order of creation. The SQL below makes the same ones. */
export function benchId(kind: keyof typeof kinds, { number, deals }: BenchTenant, n: number): string {
  const time = hex(firstMs + n * stepMs(deals), 12)
  return `${time.slice(0, 8)}-${time.slice(8)}-700${kinds[kind]}-8${hex(number, 3)}-${hex(n, 12)}`
}

const idSql = (kind: keyof typeof kinds, n: string): string =>
  `(lpad(to_hex(${firstMs}::bigint + (${n}) * t.step), 12, '0') || '700${kinds[kind]}8' || lpad(to_hex(t.number), 3, '0') || lpad(to_hex(${n}), 12, '0'))::uuid`
const timeSql = (n: string): string => `to_timestamp((${firstMs}::bigint + (${n}) * t.step) / 1000.0)`
/** A number from 0 to `below` − 1 that looks random and is the same in every run. */
const pick = (salt: number, below: number): string => `(abs(hashint8extended(n, ${salt}) % ${below}))::int`
const word = (salt: number, words: readonly string[]): string =>
  `(array[${words.map((each) => `'${each}'`).join(', ')}])[1 + ${pick(salt, words.length)}]`

const adjectives = [
  'Annual',
  'Bakery',
  'Coastal',
  'Digital',
  'Eastern',
  'Fleet',
  'Garden',
  'Harbour',
  'Indoor',
  'Joint',
  'Kitchen',
  'Lakeside',
  'Modular',
  'Northern',
  'Office',
  'Pilot',
]
const nouns = [
  'agreement',
  'batch',
  'contract',
  'delivery',
  'expansion',
  'framework',
  'installation',
  'licence',
  'migration',
  'order',
  'project',
  'renewal',
  'rollout',
  'supply',
  'upgrade',
  'workshop',
]
const companies = [
  'Alder',
  'Birch',
  'Cedar',
  'Dogwood',
  'Elm',
  'Fir',
  'Hazel',
  'Juniper',
  'Larch',
  'Maple',
  'Oak',
  'Pine',
  'Rowan',
  'Spruce',
  'Willow',
  'Yew',
]

/** In the largest tenant ten deals, spread over its whole history, can be found by a word, by a part of a word and by their margin. */
export const rare = { count: 10, word: 'zanzibar', part: 'anziba', marginFrom: '9000000.00', marginTo: '9000009.00' }

/**
 * Fills companies, deals and tags of all tenants, set-wise, straight into the module's tables: a million rows through the API would
 * take an hour. Indexes are dropped meanwhile and made again in one pass; foreign keys hold by construction.
 */
export async function fillTenants(admin: Client, tenants: readonly BenchTenant[], report: (line: string) => void): Promise<void> {
  const largest = tenants.reduce((most, each) => (each.deals > most.deals ? each : most))
  await admin.query(
    `create temp table t as select * from jsonb_to_recordset($1) as x (number int, id uuid, member uuid, deals int, step bigint)`,
    [JSON.stringify(tenants.map((each) => ({ ...each, step: stepMs(each.deals) })))],
  )
  const { rows: indexes } = await admin.query<{ name: string; definition: string }>(
    `select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition from pg_index i
     where i.indrelid in ('crm.company'::regclass, 'crm.deal'::regclass, 'crm.deal__tags'::regclass) and not i.indisprimary`,
  )
  await admin.query(`set session_replication_role = replica; set maintenance_work_mem = '1GB'; set max_parallel_maintenance_workers = 2`)
  await admin.query(indexes.map(({ name }) => `drop index ${name}`).join(';'))

  const system = 'tenant_id, id, version, revision, created_at, created_by, created_via, updated_at, updated_by, custom'
  const systemSql = (kind: keyof typeof kinds, n: string): string =>
    `t.id, ${idSql(kind, n)}, 1, 1, ${timeSql(n)}, t.member, 'import', ${timeSql(n)}, t.member, '{}'`
  await admin.query(
    `insert into crm.company (${system}, name, legal_name, relationship, industry, size, email, phone, city, country, rating, customer_since, owner, annual_revenue, annual_revenue__currency)
     select ${systemSql('company', 'n')}, ${word(11, companies)} || ' ' || ${word(12, nouns)} || ' ' || n, ${word(11, companies)} || ' Holding ' || n, ${word(13, ['prospect', 'customer', 'partner'])},
       ${word(14, ['retail', 'logistics', 'energy', 'technology', 'services'])}, ${word(15, ['small', 'medium', 'large'])}, 'office' || n || '@company.example', '+49 40 ' || 100000 + n,
       ${word(16, ['Hamburg', 'Lisbon', 'Oslo', 'Turin', 'Vienna'])}, ${word(17, ['Germany', 'Portugal', 'Norway', 'Italy', 'Austria'])}, 1 + ${pick(18, 5)}, date '2020-01-01' + ${pick(19, 1800)},
       t.member, ${pick(20, 90_000)} * 1000, 'EUR'
     from t cross join lateral generate_series(0::bigint, t.deals / ${dealsPerCompany} - 1) n`,
  )
  report('companies are in')
  await admin.query(
    `insert into crm.deal (${system}, name, company, stage, value, value__currency, weighted_value, weighted_value__currency, probability, margin, expected_close, kind, priority, source, next_step, owner, tags)
     select ${systemSql('deal', 'n')}, ${word(1, adjectives)} || ' ' || ${word(2, nouns)} || ' ' || n || case when rare then ' ${rare.word}' else '' end, ${idSql('company', `n / ${dealsPerCompany}`)},
       ${word(3, ['new', 'qualified', 'proposal', 'negotiation', 'won', 'lost'])}, amount, 'EUR', round(amount * probability / 100, 2), 'EUR', probability,
       case when rare then ${rare.marginFrom}::numeric + n % 10 else (${pick(6, 5_000_000)} / 100.0)::numeric(18,2) end, date '2025-01-01' + ${pick(7, 900)},
       ${word(8, ['new_business', 'expansion', 'renewal'])}, ${word(9, ['low', 'normal', 'high'])}, ${word(10, ['referral', 'website', 'event', 'outbound'])}, 'Call ' || ${word(12, companies)}, t.member,
       case when n % 10 = 0 then array[${idSql('tag', 'n % 5')}] end
     from t cross join lateral generate_series(0::bigint, t.deals - 1) n
       cross join lateral (select t.number = ${largest.number} and n % ${Math.floor(largest.deals / rare.count)} = 7 as rare,
         (${pick(4, 20_000_000)} / 100.0)::numeric(18,2) as amount, ${pick(5, 101)}::numeric as probability) marked`,
  )
  report('deals are in')
  // Every tenth deal carries one of its tenant's tags.
  await admin.query(
    `insert into core.tag (tenant_id, id, version, revision, created_at, created_via, updated_at, custom, name)
     select ${systemSql('tag', 'n').replaceAll('t.member, ', '')}, 'Tag ' || n from t cross join lateral generate_series(0::bigint, 4) n;
     insert into crm.deal__tags (tenant_id, id, parent_id, position, custom, target)
     select t.id, ${idSql('tagging', 'n')}, ${idSql('deal', 'n')}, 0, '{}', ${idSql('tag', 'n % 5')} from t cross join lateral generate_series(0::bigint, t.deals - 1, 10) n`,
  )
  await admin.query('set session_replication_role = default')
  for (const { name, definition } of indexes) {
    await admin.query(definition)
    report(`index ${name}`)
  }
  await admin.query('vacuum analyze')
  await admin.query('checkpoint')
}
