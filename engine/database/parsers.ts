import { types, type CustomTypesConfig } from 'pg'

const int8 = 20
/** date, time, timestamp: read as PostgreSQL writes them, because a JS Date has a zone that these do not. */
const zoneless = new Set([1082, 1083, 1114])
const zonelessArrays = new Set([1182, 1183, 1115])
const textArray = 1009

/** A number when a double holds it exactly, otherwise its digits. */
const parseInt8 = (text: string): number | string => {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : text
}

/**
 * How values arrive: int8 as number (text beyond ±(2^53−1)), numeric, date, time and timestamp as text, timestamptz as
 * Date, bytea as Buffer, json parsed (`::text` in the statement keeps it as text).
 */
export const parsers: CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (format === 'binary') return types.getTypeParser(oid, 'binary')
    if (oid === int8) return parseInt8
    if (zoneless.has(oid)) return (text: string) => text
    return types.getTypeParser(zonelessArrays.has(oid) ? textArray : oid, 'text')
  },
}
