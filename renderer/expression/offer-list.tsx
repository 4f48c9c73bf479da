import { useLayoutEffect, useRef, type RefObject } from 'react'
import type { Offer } from './offers.ts'

/** What can be put at the caret. The field keeps the focus and handles every key. */
export function OfferList({
  id,
  label,
  offers,
  active,
  onActive,
  onTake,
  place,
}: {
  readonly id: string
  readonly label: string
  readonly offers: readonly Offer[]
  readonly active: number | null
  readonly onActive: (index: number) => void
  readonly onTake: (offer: Offer) => void
  /** Below this place of the text; null: where it stands in the flow. */
  readonly place: { readonly mirror: RefObject<HTMLElement | null>; readonly offset: number } | null
}) {
  const box = useRef<HTMLDivElement>(null)
  const mirror = place?.mirror
  const offset = place?.offset ?? 0
  useLayoutEffect(() => {
    const spot = mirror?.current && below(mirror.current, offset)
    if (box.current && spot) Object.assign(box.current.style, spot)
  }, [mirror, offset])
  useLayoutEffect(() => {
    if (active !== null) document.getElementById(`${id}-${active}`)?.scrollIntoView({ block: 'nearest' })
  }, [id, active])
  const doc = offers[active ?? -1]?.doc ?? ''
  // What a row has no room for stands below the rows.
  const isLong = doc.length > fits
  const narrow = offers.every((offer) => offer.type === '' && offer.doc === '' && offer.title.length < 20)
  return (
    <div className="offers" dir="ltr" ref={box} data-placed={place !== null || undefined} data-narrow={narrow || undefined}>
      <div className="offers-list" role="listbox" id={`${id}-list`} aria-label={`${label}: suggestions`}>
        {offers.map((offer, index) => (
          // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- the field has the focus and handles every key
          <div
            key={`${offer.path}${offer.label}`}
            role="option"
            tabIndex={-1}
            id={`${id}-${index}`}
            className="offer"
            aria-selected={index === active}
            data-active={index === active || undefined}
            onMouseMove={() => onActive(index)}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => onTake(offer)}
          >
            <code className="offer-label">
              <span className="faint">{offer.path}</span>
              {offer.label}
            </code>
            <span className="offer-title ellipsis">{offer.title === '' && !(index === active && isLong) ? offer.doc : offer.title}</span>
            <span className="offer-type">{offer.type}</span>
          </div>
        ))}
      </div>
      {isLong && <p className="offer-doc">{doc}</p>}
    </div>
  )
}

/** Letters of a sentence that a row has room for. */
const fits = 36
const width = 460

/** Where the text has an offset, within the field that the list belongs to. */
function below(mirror: HTMLElement, offset: number): { readonly left: string; readonly top: string } | null {
  const field = mirror.closest('.expression-input')
  if (!field) return null
  const frame = field.getBoundingClientRect()
  const walker = document.createTreeWalker(mirror, NodeFilter.SHOW_TEXT)
  let rest = offset
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const length = node.textContent?.length ?? 0
    if (rest > length) {
      rest -= length
      continue
    }
    const range = document.createRange()
    range.setStart(node, rest)
    range.setEnd(node, rest)
    const spot = range.getBoundingClientRect()
    const code = mirror.closest('.expression-code')?.getBoundingClientRect()
    const left = Math.max(0, Math.min(spot.left - frame.left - 12, frame.width - width))
    return { left: `${left}px`, top: `${(code ? Math.min(spot.bottom, code.bottom) : spot.bottom) - frame.top + 9}px` }
  }
  return null
}
