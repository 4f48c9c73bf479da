/**
 * What the meta-schemas take and this engine does not do. Taking the vocabulary and refusing the use are two steps, so that the day a
 * thing is built changes a line here (or in catalogue/not-yet.ts, for what is no property's) and nothing that modules, editors and types
 * rely on. `needs` is what it waits for.
 */
export const notBuilt = (what: string, needs?: string): string =>
  `${what} is part of the metamodel but not built yet${needs === undefined ? '' : `: it needs ${needs}`}`

/** Of properties, by id or keyword: what each waits for. */
export const notYet: { readonly types: Readonly<Record<string, string>>; readonly settings: Readonly<Record<string, string>> } = {
  types: { file: 'the file service', image: 'the file service', i18nText: 'the language packs', geo: 'a spatial index' },
  settings: {},
}
