import { Ajv2020 } from 'ajv/dist/2020.js'
import type { ErrorObject } from 'ajv/dist/2020.js'
import { metaSchemas } from './meta-schemas.ts'
import { shapeFaults } from './shape-faults.ts'
import type { ShapeFault, Validate } from './sources.ts'

/** The meta-schemas as compiled code: for the server. ajv makes functions from text, which a strict CSP refuses in browsers. */
export function compiledValidate(): Validate {
  const ajv = new Ajv2020({ allErrors: true, verbose: true, strict: true, strictTypes: false, strictTuples: false })
  for (const [kind, schema] of Object.entries(metaSchemas)) ajv.addSchema(schema, `${kind}.schema.json`)
  return (kind, value) => {
    const validate = ajv.getSchema(`${kind}.schema.json`)
    if (validate === undefined) throw new Error(`no meta-schema for ${kind}`)
    return validate(value) ? [] : unique((validate.errors ?? []).flatMap(toFaults))
  }
}

function toFaults(error: ErrorObject): ShapeFault[] {
  // The failed name of `propertyNames` is told by the inner error, which says what is wrong with it.
  if (error.keyword === 'propertyNames') return []
  return shapeFaults(error.keyword, error.parentSchema ?? {}, error.data, error.instancePath, error.propertyName)
}

/** ajv reports additionalProperties and required once per name; shapeFaults names them all each time. */
function unique(faults: ShapeFault[]): ShapeFault[] {
  return [...new Map(faults.map((fault) => [`${fault.pointer}\n${fault.detail}`, fault])).values()]
}
