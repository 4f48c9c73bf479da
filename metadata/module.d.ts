/* Generated from module.schema.json by metadata/generate.ts. Change the schema and run `npm run generate`. */

/**
 * Name of a Tabler icon, e.g. `building` or `truck-delivery`.
 */
export type Icon = string

/**
 * `module.json`: one module. Its folder holds entities/, traits/, views/, i18n/, workflows/ and seed/.
 */
export interface ModuleFile {
  /**
   * Path of this meta-schema, for editors.
   */
  $schema?: string
  /**
   * The module's id: its folder's name, its PostgreSQL schema and its segment of the address.
   */
  id: string
  /**
   * Semantic version, e.g. 1.4.0.
   */
  version: string
  /**
   * Version of the vocabulary these files are written in.
   */
  metamodel: 1
  /**
   * What people read: sentence case, singular for entities.
   */
  title: string
  description?: string
  icon?: Icon
  /**
   * Module → version needed: `^1.2.0` (same major), `~1.2.0` (same minor), `>=1.2.0` or exactly `1.2.0`. What a module refers to must stand in itself or in a module it depends on, directly or through another.
   */
  depends?: {
    [k: string]: string
  }
  /**
   * @maxItems 40
   */
  roles?: Role[]
  /**
   * The role of this module that existing members get when a tenant enables it, e.g. `crm.rep`. Absent: none.
   */
  defaultRole?: string
  /**
   * What the navigation shows, in order.
   *
   * @maxItems 60
   */
  menu?: MenuItem[]
}
export interface Role {
  /**
   * The module's id and a name, e.g. `crm.rep`.
   */
  id: string
  /**
   * What people read: sentence case, singular for entities.
   */
  title: string
  description?: string
  /**
   * Who has the role may look at everything as any other person of the tenant does, for some minutes, changing nothing. It is logged.
   */
  viewAs?: true
}
export interface MenuItem {
  /**
   * An entity, trait, role or view by its full name: `{module}.{name}`.
   */
  entity: string
  /**
   * What people read: sentence case, singular for entities.
   */
  title?: string
  /**
   * An entity, trait, role or view by its full name: `{module}.{name}`.
   */
  view?: string
}
