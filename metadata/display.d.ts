/* Generated from display.schema.json by metadata/generate.ts. Change the schema and run `npm run generate`. */

/**
 * `views/{entity}.display.json`: how records of an entity of this module present themselves on every screen.
 */
export interface DisplayFile {
  /**
   * Path of this meta-schema, for editors.
   */
  $schema?: string
  /**
   * Name of a Tabler icon, e.g. `building` or `truck-delivery`.
   */
  icon?: string
  /**
   * Colour as a hue in degrees; 260 is gray.
   */
  hue?: 25 | 50 | 80 | 150 | 190 | 245 | 260 | 275 | 305 | 350
  /**
   * Second line of a chip in pickers.
   */
  subtitleField?: string
  /**
   * Picture or logo.
   */
  imageField?: string
  /**
   * The select shown beside the title.
   */
  statusField?: string
  /**
   * What cards show. Default: the first five visible fields.
   *
   * @maxItems 5
   *
   * Items: Lower-case letters, digits and single underscores, beginning with a letter, at most 40 characters. The prefix `x_` is kept for what tenants add.
   */
  summaryFields?: string[]
  /**
   * Fields of the create dialog besides the required ones.
   *
   * @maxItems 12
   *
   * Items: Lower-case letters, digits and single underscores, beginning with a letter, at most 40 characters. The prefix `x_` is kept for what tenants add.
   */
  quickCreate?: string[]
  /**
   * Groups of fields on the record page and in forms. Fields that no section names follow at the end.
   *
   * @maxItems 30
   */
  sections?: Section[]
  /**
   * Related lists (lines, references or inverse relations by name), in order; relations from modules that this one does not depend on follow by themselves. Default: all.
   *
   * @maxItems 20
   *
   * Items: Lower-case letters, digits and single underscores, beginning with a letter, at most 40 characters. The prefix `x_` is kept for what tenants add.
   */
  tabs?: string[]
  /**
   * live: each field saves by itself. document: a draft with one Save. Default: document when the entity has lines.
   */
  editMode?: 'live' | 'document'
  /**
   * Default: panel for live, page for document.
   */
  openIn?: 'panel' | 'page'
}
export interface Section {
  /**
   * What people read: sentence case, singular for entities.
   */
  title: string
  /**
   * @minItems 1
   *
   * Items: Lower-case letters, digits and single underscores, beginning with a letter, at most 40 characters. The prefix `x_` is kept for what tenants add.
   */
  fields: [string, ...string[]]
}
