/** The JSON reader stands at the root: module files are read by it too. */
export { JsonFault, parseJson } from '../json.ts'
