/** One fault of a module's files. `pointer` is a JSON pointer into the file, '' for the file itself. */
export interface SourceFault {
  /** From the modules folder on: `crm/entities/deal.json`. */
  readonly file: string
  readonly pointer: string
  readonly detail: string
  /** The known name that was probably meant. */
  readonly suggestion?: string
}

/** What a file is by its meta-schema. `isUnknown`: a keyword too many; what stands around it can be judged as if it were not there. */
export interface ShapeFault extends Omit<SourceFault, 'file'> {
  readonly isUnknown?: true
}

/** A module as it was read: parsed, not judged. Plain data, so that a browser can hold one too. */
export interface ModuleSource {
  /** The folder's name, which has to be the module's id. */
  readonly id: string
  /** SHA-256 over paths and contents; white space in files does not count. */
  readonly hash: string
  /** Path inside the folder → parsed JSON, in path order. */
  readonly files: ReadonlyMap<string, unknown>
  /** Paths of seed files; what they hold is not the catalogue's business. */
  readonly seeds: readonly string[]
  /** What could not even be read. */
  readonly faults: readonly SourceFault[]
}

export type FileKind = 'module' | 'entity' | 'trait' | 'view' | 'display' | 'i18n'

/** Judges one file by its meta-schema. The server compiles the schemas (ajv); a page with a strict CSP passes an interpreter. */
export type Validate = (kind: FileKind, value: unknown) => readonly ShapeFault[]

export type KnownFile =
  { readonly kind: FileKind; readonly name: string } | { readonly kind: 'not yet'; readonly what: string } | { readonly kind: 'unknown' }

/** What a path inside a module folder holds. */
export function fileAt(path: string): KnownFile {
  if (path === 'module.json') return { kind: 'module', name: 'module' }
  const [, folder, name] = /^([^/]+)\/([^/]+)\.json$/.exec(path) ?? []
  if (name === undefined) return { kind: 'unknown' }
  if (folder === 'entities') return { kind: 'entity', name }
  if (folder === 'traits') return { kind: 'trait', name }
  if (folder === 'views')
    return name.endsWith('.display') ? { kind: 'display', name: name.slice(0, -'.display'.length) } : { kind: 'view', name }
  if (folder === 'i18n') return { kind: 'i18n', name }
  if (folder === 'workflows') return { kind: 'not yet', what: 'a workflow' }
  if (folder === 'layers') return { kind: 'not yet', what: 'a layer' }
  return { kind: 'unknown' }
}
