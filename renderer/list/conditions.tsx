import type { Entity } from '../api/catalogue.ts'
import { ExpressionChip, LazyExpressionBar } from './expression-chip.tsx'
import { FilterChips } from './filters.tsx'
import type { ShownList } from './use-list.ts'
import type { Writing } from './use-writing.ts'

/** What a list is narrowed by: the expression while it is written, then all that holds as chips. */
export function Conditions({
  entity,
  list: { state, change },
  writing,
  editing,
  onEditing,
}: {
  readonly entity: Entity
  readonly list: ShownList
  readonly writing: Writing
  readonly editing: number | null
  readonly onEditing: (index: number | null) => void
}) {
  const { conditions, expression, given } = state
  const { told } = writing
  const isChip = expression !== '' && !writing.isOpen
  const count = conditions.length + (expression === '' ? 0 : 1)
  return (
    <>
      {writing.isOpen && (
        <LazyExpressionBar
          key={expression}
          entity={entity}
          applied={expression}
          draft={writing.draft}
          told={told}
          onApply={writing.apply}
          onClose={writing.leave}
        />
      )}
      {(conditions.length > 0 || isChip || given !== '') && (
        <FilterChips
          entity={entity}
          conditions={conditions}
          onChange={(next) => change({ conditions: next })}
          editing={editing}
          onEditing={onEditing}
          onExpression={writing.begin}
          onClear={count > 1 ? () => change({ conditions: [], expression: '' }) : null}
        >
          {given !== '' && <ExpressionChip text={given} own={null} />}
          {isChip && (
            <ExpressionChip
              text={expression}
              faulty={told.length > 0}
              own={{ onEdit: writing.begin, onRemove: () => change({ expression: '' }) }}
            />
          )}
        </FilterChips>
      )}
    </>
  )
}
