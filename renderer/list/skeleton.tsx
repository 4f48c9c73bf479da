import { useLate } from '../shell/states.tsx'

/** Static rows in the shape of the list; only once the answer is late. */
export function ListSkeleton({ columns, height }: { readonly columns: number; readonly height: number }) {
  const late = useLate()
  return (
    <div className="grid-skeleton" aria-busy="true" aria-label="Loading">
      {late &&
        Array.from({ length: 14 }, (_, row) => (
          <div key={row} className="skeleton-row" style={{ height }}>
            <span className="skeleton" style={{ width: `${140 + ((row * 53) % 90)}px` }} />
            {Array.from({ length: Math.min(columns, 6) }, (__, at) => (
              <span key={at} className="skeleton" style={{ width: `${50 + ((row * 31 + at * 47) % 60)}px` }} />
            ))}
          </div>
        ))}
    </div>
  )
}
