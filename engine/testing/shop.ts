import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll } from 'vitest'
import { startApp, type StartedApp } from '../app.ts'
import { databaseUrl } from './postgres.ts'
import { openWorld, testConfig, type World } from './world.ts'

/** A module that comes to derive values once there are records: customers with baskets, baskets with lines, payments of baskets. */
const entity = (plural: string, properties: object, own: object = {}): object => ({
  $schema: '../../../metadata/entity.schema.json',
  title: plural,
  type: 'object',
  properties,
  'x-bos': { plural, permissions: {}, ...own },
})
const decimal = (more: object = {}): object => ({ 'x-bos': { type: 'decimal', scale: 2, ...more } })
const name = { type: 'string', maxLength: 80 }

/** `derived`: with what is worked out, by this factor. */
function filesOf({ derived, factor }: ShopVersion): Readonly<Record<string, object>> {
  const only = (properties: object): object => (derived ? properties : {})
  return {
    'module.json': {
      $schema: '../../metadata/module.schema.json',
      id: 'shop',
      version: '1.0.0',
      metamodel: 1,
      title: 'Shop',
      icon: 'flask',
      depends: { core: '^1.0.0' },
      roles: [{ id: 'shop.user', title: 'User' }],
      menu: [],
    },
    'entities/customer.json': entity('customers', {
      name,
      ...only({ owed: decimal({ rollup: { over: 'baskets', measure: 'sum', value: 'self.open' } }) }),
    }),
    'entities/basket.json': entity(
      'baskets',
      {
        name,
        customer: { 'x-bos': { type: 'reference', entity: 'shop.customer', inverse: 'baskets' } },
        lines: { 'x-bos': { type: 'lines', entity: 'shop.line' } },
        kind: { type: 'string', maxLength: 20, 'x-bos': { default: "'usual'" } },
        holder: { type: 'string', maxLength: 80, 'x-bos': { copy: { from: 'self.customer.name', overridable: true } } },
        ...only({
          total: decimal({ rollup: { over: 'lines', measure: 'sum', value: 'self.amount' } }),
          paid: decimal({ rollup: { over: 'payments', measure: 'sum', value: 'self.amount' } }),
          open: decimal({ compute: 'self.total - self.paid' }),
          label: { type: 'string', maxLength: 12, 'x-bos': { compute: "self.name + '!'" } },
        }),
      },
      derived
        ? {
            rules: [{ id: 'enough', assert: 'self.total <= 1000', message: 'That is too much.', at: 'total' }],
            unique: [{ id: 'label', fields: ['label'] }],
          }
        : {},
    ),
    'entities/line.json': entity(
      'basket_lines',
      {
        price: decimal(),
        quantity: { type: 'integer', default: 1 },
        ...only({ amount: decimal({ compute: `self.price * self.quantity * ${factor}` }) }),
      },
      { kind: 'line' },
    ),
    'entities/payment.json': entity('payments', {
      basket: { 'x-bos': { type: 'reference', entity: 'shop.basket', inverse: 'payments' } },
      amount: decimal(),
    }),
  }
}

export interface ShopVersion {
  readonly derived: boolean
  readonly factor: number
}
export interface Shop {
  /** Serves without working off jobs. */
  readonly world: World
  /** Another process on the same database, with this version of the module. `roles`: `api`, `worker`, or both. */
  start(version: ShopVersion, roles?: string): Promise<StartedApp>
  /** Before the end: a worker of one version would take the jobs that a later version asks for. */
  stop(app: StartedApp): Promise<void>
}

/** A world whose tenant acme has the module, at first without derived values. */
export async function openShop(): Promise<Shop> {
  const folder = await mkdtemp(join(tmpdir(), 'businessos-shop-'))
  const started = new Set<StartedApp>()
  await cp(join(import.meta.dirname, '../../modules-json'), folder, { recursive: true })
  const write = async (version: ShopVersion): Promise<void> => {
    for (const [path, content] of Object.entries(filesOf(version))) {
      await mkdir(dirname(join(folder, 'shop', path)), { recursive: true })
      await writeFile(join(folder, 'shop', path), JSON.stringify(content))
    }
  }
  await write({ derived: false, factor: 1 })
  const world = await openWorld({ MODULES_DIR: folder, ROLES: 'api' })
  if (world.app.faults.length > 0) throw new Error(JSON.stringify(world.app.faults))
  await world.app.tenants.enable('acme', 'shop')
  const [{ database }] = (await world.sql<{ database: string }>('select current_database() as database')) as [{ database: string }]
  // Behind the world: what is opened last is closed first.
  afterAll(async () => {
    for (const app of started) await app.close()
    await rm(folder, { recursive: true, force: true })
  })
  return {
    world,
    start: async (version, roles = 'api') => {
      await write(version)
      const app = await startApp(testConfig(databaseUrl(database), folder, { MODULES_DIR: folder, ROLES: roles }))
      started.add(app)
      if (app.faults.length > 0) throw new Error(JSON.stringify(app.faults))
      return app
    },
    stop: async (app) => {
      started.delete(app)
      await app.close()
    },
  }
}
