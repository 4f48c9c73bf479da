import { composite } from './composite.ts'

const text = ['street', 'street2', 'postal_code', 'city', 'region', 'country'] as const

/** A postal address. The country is free text, as people write it: imports bring "USA", "U.S.A." and "Deutschland" alike. */
export const address = composite(
  'address',
  { street: 200, street2: 200, city: 100, region: 100, postal_code: 20, country: 80 },
  {
    text: (sql, at) => sql`nullif(concat_ws(', ', ${sql.join(text.map((part) => at(`__${part}`)))}), '')`,
    /** A cell of plain text stands for the street: only people can tell its parts apart. */
    whole: (cell) => ({ street: cell }),
  },
)
