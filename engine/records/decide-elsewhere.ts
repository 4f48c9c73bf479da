import type { Catalogue } from '../catalogue/types.ts'
import type { Report } from '../problems.ts'
import { subjectAt } from './decide-draft.ts'
import type { Draft } from './decide-draft.ts'

/** Whatever is wrong with a document that the request does not name, its cause stands in the request. */
export const reportElsewhere =
  ({ entities }: Catalogue, document: Draft, tell: Report, cause: string): Report =>
  (at, detail) => {
    const about = subjectAt(document, at, detail)
    const field = about.field === null ? undefined : entities.get(about.entity)!.fieldById.get(about.field)
    tell(cause, `${document.entity.title}${field ? `, ${field.title}` : ''}: ${detail}`, about)
  }
