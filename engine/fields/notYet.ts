/** What the metamodel reserves and this version does not do yet: `check` answers "not yet: " and the reason. */
export const notYet: { readonly types: Readonly<Record<string, string>>; readonly settings: Readonly<Record<string, string>> } = {
  types: {
    file: 'files need the file service',
    image: 'images need the file service',
    i18nText: 'text in several languages needs the language packs',
    geo: 'places need a spatial index',
    expression: 'formulas as data need the expression language',
  },
  settings: {
    compute: 'computed fields need the expression language',
    rollup: 'rollups need derived values',
    lookup: 'lookups need derived values',
    copy: 'copied values need derived values',
    default: 'a default that is an expression needs the expression language; the keyword default takes a literal',
  },
}
