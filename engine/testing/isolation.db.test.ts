import { fileURLToPath } from 'node:url'
import { compileCatalogue } from '../catalogue/compile.ts'
import { catalogueHash, loadModules } from '../catalogue/load.ts'
import { isolation } from './isolation.ts'
import { openWorld } from './world.ts'

// Every entity of every module, found at run time.
const sources = await loadModules(fileURLToPath(new URL('../../modules-json', import.meta.url)))
isolation(await openWorld(), compileCatalogue(sources, catalogueHash(sources)))
