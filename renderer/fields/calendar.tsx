import { DatePicker } from '@mantine/dates'
import '@mantine/dates/styles.layer.css'

/** One month to pick a day from; days are ISO texts on both sides. */
export function Calendar({ day, onPick }: { readonly day: string | null; readonly onPick: (day: string) => void }) {
  return (
    <DatePicker
      value={day}
      {...(day !== null && { defaultDate: day })}
      onChange={(picked) => {
        if (picked) onPick(picked.slice(0, 10))
      }}
      size="xs"
    />
  )
}
