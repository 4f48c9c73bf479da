import type { Page } from 'playwright-core'

/** Asks the API as the person of the screen; with a body it changes something. */
export type Ask = (
  path: string,
  patch?: Readonly<Record<string, unknown>>,
) => Promise<{ readonly data: readonly { readonly id: string }[] }>

export interface Pose {
  readonly page: Page
  readonly phone: boolean
  readonly ask: Ask
  readonly open: (path: string) => Promise<void>
}

export interface Screen {
  readonly name: string
  readonly title: string
  /** Who looks; null: nobody is signed in. */
  readonly as: 'rep' | 'manager' | 'admin' | null
  /** Brings the page into the state to be pictured. */
  readonly pose: (pose: Pose) => Promise<void>
}

const first = async (ask: Ask, path: string): Promise<string> => {
  const { data } = await ask(path)
  if (!data[0]) throw new Error(`${path} is empty: the gallery needs the sample data`)
  return data[0].id
}

/** Opens a list and waits for its rows, whichever way this width shows them. */
async function list({ page, open }: Pose, path: string): Promise<void> {
  await open(path)
  await page.locator('.grid [data-row], .cards .card').first().waitFor()
}

async function record({ page, open, ask }: Pose, path: string, query: string): Promise<void> {
  await open(`/e/${path}/${await first(ask, `/api/${path}?limit=1&${query}`)}`)
  await page.getByRole('article').waitFor()
}

const csv = (rows: number): Buffer =>
  Buffer.from(
    [
      'Name,City,E-mail,Phone',
      ...Array.from({ length: rows }, (_, i) => `Harbour Café ${i + 1},Lisboa,office${i + 1}@harbour.example,+351 21 555 ${1000 + i}`),
    ].join('\n'),
  )

async function chooseFile(page: Page, content: Buffer): Promise<void> {
  await page.setInputFiles('input[type=file]', { name: 'companies.csv', mimeType: 'text/csv', buffer: content })
  await page.getByRole('button', { name: 'Check the file' }).waitFor()
}

const faulty = Buffer.from(
  [
    'Name,City,E-mail,Phone',
    'Harbour Café,Lisboa,office@harbour.example,+351 21 555 1000',
    'Blue Anchor,Porto,office at anchor,+351 22 555 2000',
    ',Faro,nobody@example.test,',
    'Salt & Thyme,Braga,kitchen@salt.example,+351 25 355 3000',
  ].join('\n'),
)

const importing = '/e/crm/companies/import'

/** Every screen of the product, in the order in which a person meets them. */
export const screens: readonly Screen[] = [
  {
    name: 'sign-in',
    title: 'Sign in',
    as: null,
    pose: async ({ page, open }) => {
      await open('/')
      await page.getByLabel('E-mail').fill('rep@acme.test')
    },
  },
  {
    name: 'home',
    title: 'Home',
    as: 'rep',
    pose: async ({ page, open }) => {
      await open('/')
      await page.locator('.home-row').first().waitFor()
    },
  },
  { name: 'list', title: 'List', as: 'rep', pose: (pose) => list(pose, '/e/crm/deals') },
  {
    name: 'list-filtered',
    title: 'List, filtered',
    as: 'rep',
    pose: (pose) => list(pose, '/e/crm/deals?_draft=1&stage.in=qualified%2Cproposal&value.gte=20000&sort=-value'),
  },
  {
    name: 'list-expression',
    title: 'List, an expression being written',
    as: 'rep',
    pose: async (pose) => {
      await list(pose, '/e/crm/deals?_draft=1&sort=-value')
      await pose.page.getByRole('button', { name: 'Filter', exact: true }).click()
      await pose.page.getByRole('option', { name: 'Expression' }).click()
      await pose.page.getByRole('combobox', { name: 'Expression' }).pressSequentially("self.stage == 'won' && self.company.co")
      await pose.page.getByRole('listbox', { name: 'Expression: suggestions' }).waitFor()
    },
  },
  {
    name: 'list-empty',
    title: 'List, nothing matches',
    as: 'rep',
    pose: async ({ page, open }) => {
      await open('/e/crm/companies?_draft=1&search=zzzz')
      await page.getByRole('heading', { name: /^No companies match/ }).waitFor()
    },
  },
  {
    name: 'record-panel',
    title: 'Record beside its list',
    as: 'rep',
    pose: async (pose) => {
      await list(pose, '/e/crm/deals')
      await pose.page.locator('.row-title, .card').nth(2).click()
      await pose.page.getByRole('article').waitFor()
    },
  },
  { name: 'record', title: 'Record', as: 'rep', pose: (pose) => record(pose, 'crm/companies', 'sort=name') },
  {
    name: 'record-formula',
    title: 'Record that holds a condition',
    as: 'rep',
    pose: async (pose) => {
      await record(pose, 'crm/segments', 'search=spoken')
      if (pose.phone) await pose.page.getByRole('tab', { name: 'Details' }).click()
      await pose.page.getByRole('link', { name: /compan(y|ies) match/ }).waitFor()
    },
  },
  {
    name: 'record-lines',
    title: 'Record with lines',
    as: 'manager',
    pose: (pose) => record(pose, 'inventory/purchase_orders', 'sort=number'),
  },
  {
    name: 'history',
    title: 'History',
    as: 'manager',
    pose: async ({ page, open, ask }) => {
      const deal = await first(ask, '/api/crm/deals?limit=1&stage=proposal&sort=name')
      await ask(`/api/crm/deals/${deal}`, { stage: 'negotiation', probability: '70' })
      await ask(`/api/crm/deals/${deal}`, { value: { amount: '18400.00', currency: 'EUR' }, next_step: 'Send the contract' })
      await open(`/e/crm/deals/${deal}?_tab=history`)
      await page.locator('.history-change').first().waitFor()
    },
  },
  {
    name: 'create',
    title: 'Create',
    as: 'rep',
    pose: async (pose) => {
      await list(pose, '/e/crm/deals')
      await pose.page.getByRole('button', { name: pose.phone ? 'Create' : 'New deal', exact: true }).click()
      const dialog = pose.page.getByRole('dialog', { name: 'New deal' })
      await dialog.getByLabel('Name').fill('Espresso machines for Lisbon')
      await dialog.getByLabel('Value', { exact: true }).fill('-5')
      await dialog.getByRole('button', { name: /^Create deal/ }).click()
      await dialog.locator('.field-fault').first().waitFor()
    },
  },
  {
    name: 'formula',
    title: 'A condition being written',
    as: 'rep',
    pose: async (pose) => {
      await pose.open('/e/crm/segments/new')
      await pose.page.getByLabel('Name', { exact: false }).first().fill('Cafés near the sea')
      await pose.page.getByRole('combobox', { name: 'Condition', exact: true }).click()
      await pose.page.keyboard.type("self.industry == 'hospitality' && self.cit")
      await pose.page.getByRole('listbox', { name: 'Condition: suggestions' }).waitFor()
    },
  },
  {
    name: 'picker',
    title: 'Reference picker',
    as: 'rep',
    pose: async (pose) => {
      await list(pose, '/e/crm/deals')
      await pose.page.getByRole('button', { name: pose.phone ? 'Create' : 'New deal', exact: true }).click()
      const dialog = pose.page.getByRole('dialog', { name: 'New deal' })
      await dialog.getByLabel('Name').fill('Espresso machines for Lisbon')
      await dialog.getByRole('button', { name: 'Company', exact: true }).click()
      await pose.page.getByRole('combobox', { name: 'Company' }).fill('be')
      await pose.page.locator('.option-create').waitFor()
    },
  },
  {
    name: 'form-lines',
    title: 'Form with a line grid',
    as: 'manager',
    pose: async ({ page, open, ask }) => {
      await open(`/e/inventory/sales_orders/${await first(ask, '/api/inventory/sales_orders?limit=1&sort=-number')}/edit`)
      await page.locator('.line-grid').waitFor()
    },
  },
  {
    name: 'form-conditional',
    title: 'Form whose fields follow what is chosen',
    as: 'rep',
    pose: async ({ page, open, ask }) => {
      await open(`/e/crm/deals/${await first(ask, '/api/crm/deals?limit=1&stage=proposal&sort=name')}/edit`)
      await page.getByRole('button', { name: 'Stage', exact: true }).click()
      await page.getByRole('option', { name: 'Lost', exact: true }).click()
      await page.getByText('Lost because', { exact: true }).evaluate((label) => label.scrollIntoView({ block: 'center' }))
    },
  },
  {
    name: 'why',
    title: 'Why a value cannot be changed',
    as: 'rep',
    pose: async (pose) => {
      await record(pose, 'crm/deals', 'sort=name')
      if (pose.phone) await pose.page.getByRole('tab', { name: 'Details' }).click()
      const why = pose.page.getByRole('button', { name: 'Why can Weighted value not be changed?' })
      await why.focus()
      await why.press('Enter')
      await pose.page.getByRole('dialog').locator('.why-parts').waitFor()
    },
  },
  {
    name: 'share',
    title: 'Share a record',
    as: 'manager',
    pose: async (pose) => {
      await record(pose, 'crm/deals', 'sort=name')
      if (pose.phone) await pose.page.getByRole('button', { name: 'More actions' }).click()
      await pose.page.getByRole(pose.phone ? 'menuitem' : 'button', { name: 'Share', exact: true }).click()
      await pose.page.getByRole('dialog').getByText('Shared with').waitFor()
    },
  },
  {
    name: 'import-mapping',
    title: 'Import: columns',
    as: 'manager',
    pose: async ({ page, open }) => {
      await open(importing)
      await chooseFile(page, csv(40))
    },
  },
  {
    name: 'import-report',
    title: 'Import: report',
    as: 'manager',
    pose: async ({ page, open }) => {
      await open(importing)
      await chooseFile(page, faulty)
      await page.getByRole('button', { name: 'Check the file' }).click()
      await page.getByRole('heading', { name: /need/ }).waitFor()
    },
  },
  {
    name: 'import-progress',
    title: 'Import: running',
    as: 'manager',
    pose: async ({ page, open }) => {
      await open(importing)
      await chooseFile(page, csv(4000))
      await page.getByRole('button', { name: 'Check the file' }).click()
      await page.waitForFunction(() => (document.querySelector('progress')?.value ?? 0) > 0)
    },
  },
  {
    name: 'search',
    title: 'Search and commands',
    as: 'rep',
    pose: async (pose) => {
      await list(pose, '/e/crm/deals')
      await (pose.phone ? pose.page.getByRole('button', { name: 'Search' }) : pose.page.locator('body')).press('Control+k')
      await pose.page.getByRole('combobox').last().fill('ber')
      await pose.page.locator('[role=option]').nth(1).waitFor()
    },
  },
  {
    name: 'error',
    title: 'The server fails',
    as: 'rep',
    pose: async ({ page, open }) => {
      const body = JSON.stringify({
        code: 'internal',
        title: 'x',
        status: 503,
        detail: 'The database does not answer.',
        requestId: '7f3a2c91',
      })
      await page.route('**/api/crm/deals?*', (route) => route.fulfill({ status: 503, contentType: 'application/problem+json', body }))
      await open('/e/crm/deals')
      await page.getByRole('button', { name: 'Retry' }).waitFor()
    },
  },
  {
    name: 'forbidden',
    title: 'Not for this role',
    as: 'rep',
    pose: async ({ page, open }) => {
      await open('/e/inventory/suppliers/import')
      await page.locator('.state').waitFor()
    },
  },
  {
    name: 'not-found',
    title: 'No such address',
    as: 'rep',
    pose: async ({ page, open }) => {
      await open('/e/crm/invoices')
      await page.locator('.state').waitFor()
    },
  },
  {
    name: 'admin',
    title: 'Designer (placeholder)',
    as: 'admin',
    pose: async ({ page, open }) => {
      await open('/admin')
      await page.getByRole('heading').waitFor()
    },
  },
  {
    name: 'view-as',
    title: 'Looking as somebody else',
    as: 'admin',
    pose: async ({ page, open, ask }) => {
      await open(`/e/core/members/${await first(ask, '/api/core/members?limit=1&search=rep')}`)
      await page.getByRole('button', { name: 'More actions' }).click()
      await page.getByRole('menuitem', { name: /^View as / }).click()
      await page.getByRole('button', { name: 'Back to yourself' }).waitFor()
    },
  },
  {
    name: 'forgot',
    title: 'A forgotten password',
    as: null,
    pose: async ({ page, open }) => {
      await open('/reset')
      await page.getByRole('button', { name: 'Send the link' }).waitFor()
    },
  },
  {
    name: 'account',
    title: 'One’s own sign-in',
    as: 'admin',
    pose: async ({ page, open }) => {
      await open('/account')
      await page.getByText('This device').waitFor()
    },
  },
  {
    name: 'people',
    title: 'People and access',
    as: 'admin',
    pose: async ({ page, open }) => {
      await open('/workspace/people')
      await page.getByRole('row').nth(3).waitFor()
    },
  },
  {
    name: 'person',
    title: 'What one person may do',
    as: 'admin',
    pose: async ({ page, open }) => {
      await open('/workspace/people')
      await page.getByRole('row').nth(2).getByRole('button').click()
      await page.getByRole('dialog').getByRole('row').first().waitFor()
    },
  },
  {
    name: 'roles',
    title: 'Roles as a matrix',
    as: 'admin',
    pose: async ({ page, open }) => {
      await open('/workspace/roles')
      await page.getByRole('button', { name: /^Sales representative: Deals/ }).waitFor()
    },
  },
  {
    name: 'permission',
    title: 'What a role may do with one kind of record',
    as: 'admin',
    pose: async ({ page, open }) => {
      await open('/workspace/roles')
      await page.getByRole('button', { name: /^Sales representative: Deals/ }).click()
      await page.getByRole('button', { name: 'Show what changes' }).waitFor()
    },
  },
  {
    name: 'security',
    title: 'What signing in takes',
    as: 'admin',
    pose: async ({ page, open }) => {
      await open('/workspace/security')
      await page.getByRole('row').nth(1).waitFor()
    },
  },
  {
    name: 'sso',
    title: 'A new identity provider',
    as: 'admin',
    pose: async ({ page, open }) => {
      await open('/workspace/sso')
      await page.getByRole('button', { name: 'Add a provider' }).click()
      await page.getByLabel('Issuer').waitFor()
    },
  },
  {
    name: 'api-key',
    title: 'A new API key',
    as: 'admin',
    pose: async ({ page, open }) => {
      await open('/workspace/keys')
      await page.getByRole('button', { name: 'New key' }).click()
      await page.getByLabel('Scopes').waitFor()
    },
  },
  {
    name: 'audit',
    title: 'The log',
    as: 'admin',
    pose: async ({ page, open }) => {
      await open('/workspace/audit')
      await page.getByRole('row').nth(1).waitFor()
    },
  },
  {
    name: 'workspace',
    title: 'What the workspace says of itself',
    as: 'admin',
    pose: async ({ page, open }) => {
      await open('/workspace/general')
      await page.getByLabel('Currency').waitFor()
    },
  },
]
