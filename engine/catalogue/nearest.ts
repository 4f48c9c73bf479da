/** "Did you mean": one function for module checks, field types and the API. It stands with the field types, which every layer may import. */
export { nearest } from '../fields/nearest.ts'
