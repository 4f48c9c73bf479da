import { Problem } from '../problems.ts'
import { jsonAnswer } from './answer.ts'
import type { Cursors } from './cursor.ts'
import { exportPages } from './export.ts'
import { getAnswer } from './get.ts'
import { listAnswer } from './list.ts'
import type { Kind, Outcomes, Request } from './request.ts'
import type { Answer, Call } from './types.ts'

type Respond<K extends Kind> = (request: Request<K>, outcome: Outcomes[K], call: Call, cursors: Cursors) => Answer | Promise<Answer>

const responses: { readonly [K in Kind]: Respond<K> } = {
  list: ({ list }, row, _, cursors) => jsonAnswer(listAnswer(list, row, cursors)),
  get: ({ get }, row, { ifNoneMatch }) => getAnswer(get, row, ifNoneMatch),
  history: (_, page) => jsonAnswer(JSON.stringify(page)),
  aggregate: ({ aggregate }, row) =>
    jsonAnswer(`{"data":${String(row['data'])},"page":{"limit":${aggregate.limit},"more":${row['more'] === true}}}`),
  export: (request, readPage, _, cursors) => exportPages(request.export, readPage, cursors),
  share: (_, shares) => jsonAnswer(JSON.stringify({ data: shares })),
  explain: (_, explanation) => jsonAnswer(JSON.stringify(explanation)),
  lookUp: (_, found) => jsonAnswer(JSON.stringify(found)),
  write: (request, outcome, call) => (request.mode === 'one' ? oneAnswer(request, outcome, call) : bulkAnswer(outcome)),
}

/** What came of a request, as HTTP says it. */
export const respondRest = async <K extends Kind>(
  request: Request<K>,
  outcome: Outcomes[K],
  call: Call,
  cursors: Cursors,
): Promise<Answer> => responses[request.kind](request, outcome, call, cursors)

/** One record, as it reads now; one that the writer cannot see any more is answered with its id. What was only tried has no address and no version. */
function oneAnswer({ dryRun }: Request<'write'>, { results, answer }: Outcomes['write'], { module, plural }: Call): Answer {
  const result = results[0]!
  if (result instanceof Problem) throw result
  const { status, id, version, revision, warnings, errors, produced } = result
  const row = answer?.rows[0]
  const headers = {
    ETag: row ? `"${String(row['etag'])}"` : `"${version}.${revision}"`,
    ...(status === 201 && { Location: `/api/${module}/${plural}/${id}` }),
  }
  const record = row ? String(row['data']) : JSON.stringify({ id, version, revision })
  const body = withMembers(record, { _warnings: warnings, _errors: errors, _produced: produced })
  return dryRun ? { status: 200, body, headers: {} } : { status, body, headers }
}

/** JSON text of an object, with further members where they have a value. */
function withMembers(object: string, members: Readonly<Record<string, unknown>>): string {
  const more = Object.entries(members).flatMap(([name, value]) =>
    value === undefined ? [] : [`${JSON.stringify(name)}:${JSON.stringify(value)}`],
  )
  return more.length === 0 ? object : `${object.slice(0, -1)},${more.join()}}`
}

function bulkAnswer({ results }: Outcomes['write']): Answer {
  const answers = results.map((each) => (each instanceof Problem ? { status: each.status, problem: each.toJSON() } : each))
  return { status: 200, body: JSON.stringify({ results: answers }), headers: {} }
}
