/* Generated from i18n.schema.json by metadata/generate.ts. Change the schema and run `npm run generate`. */

/**
 * `i18n/{language}.json`: labels in another language, id path → text, e.g. {"deal": "Geschäft", "deal.stage.won.title": "Gewonnen"}. Paths are ids within the module, so a rename keeps its translations.
 */
export interface Labels {
  /**
   * Path of this meta-schema, for editors.
   */
  $schema?: string
  [k: string]: string | undefined
}
