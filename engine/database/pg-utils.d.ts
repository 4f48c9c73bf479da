declare module 'pg/lib/utils.js' {
  const utils: {
    /** A JS value as pg writes it to the wire. Throws on what it cannot write (a circular object, a BigInt inside JSON). */
    prepareValue(value: unknown): string | Buffer | null
  }
  export default utils
}
