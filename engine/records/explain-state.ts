import { administrator } from '../catalogue/types.ts'
import type { Transition } from '../catalogue/types.ts'
import type { ExplainingField, FieldReason } from './explain-field.ts'
import { reasonsOf } from './explain-reach.ts'

/** How a field that is a state goes on from where the record is, and what keeps this person from taking it there; of others nothing. */
export function onwardFrom({ access, here, field, reach, conditions, roles, mayTell }: ExplainingField): {
  readonly isOpen: boolean
  readonly reasons: readonly FieldReason[]
} {
  const { onward } = conditions
  if (!onward || !mayTell(field.path)) return { isOpen: true, reasons: [] }
  const { catalogue } = access
  const { entity } = here
  const { from, ways } = onward
  const may = ({ id }: Transition): boolean => reach.held.some(({ what, holds }) => what === id && holds)
  const others = new Map<string, string[]>()
  const reasons = ways.flatMap(({ transition, isRefused, why }): FieldReason[] => {
    const { title, message } = transition
    if (!here.transitions.has(transition.id)) {
      const who = listed(
        rolesFor(here, transition).map((role) => catalogue.roles.get(role)?.title ?? role),
        'and',
      )
      others.set(who, [...(others.get(who) ?? []), title.toLowerCase()])
      return []
    }
    if (!may(transition)) {
      const what = { kind: 'transition', transition, state: field.field } as const
      return reasonsOf({ catalogue, entity, roles, what }, reach.held, conditions.grants).refused.map((each) => ({
        about: 'editable',
        ...each,
      }))
    }
    const detail = `${title}: ${message ?? 'not possible as the record is.'}`
    return isRefused ? [{ about: 'editable', detail, ...(why && { why }) }] : []
  })
  const titles = ways.map(({ transition }) => transition.title)
  const leading = [
    titles.length === 0 ? `Nothing leads on from ${from}` : '',
    titles.length === 1 ? `From ${from} only ${titles[0]} leads on` : '',
    titles.length > 1 ? `From ${from} ${listed(titles, 'and')} lead on` : '',
  ].join('')
  const only = [...others].map(([who, what]) => `; only ${who} may ${listed(what, 'or')}`)
  return {
    isOpen: ways.some(({ transition, isRefused }) => may(transition) && !isRefused),
    reasons: [{ about: 'editable', detail: `${leading}${only.join('')}.` }, ...reasons],
  }
}

/** The roles that may run it in some record; of administrators it is told only where nobody else may. */
function rolesFor({ entity }: ExplainingField['here'], { id }: Transition): readonly string[] {
  const all = [...entity.permissions.values()].filter(({ transitions }) => transitions.has(id)).map(({ role }) => role)
  const others = all.filter((role) => role !== administrator)
  return others.length > 0 ? others : [administrator]
}

const listed = (words: readonly string[], last: 'and' | 'or'): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)!}`
