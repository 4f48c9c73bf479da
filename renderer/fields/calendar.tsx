import { DatePicker } from '@mantine/dates'
import '@mantine/dates/styles.layer.css'
import { usePhone } from './layer.tsx'

/** One month to pick a day from; days are ISO texts on both sides. */
export function Calendar({ day, onPick }: { readonly day: string | null; readonly onPick: (day: string) => void }) {
  const phone = usePhone()
  return (
    <div className="calendar">
      <DatePicker
        value={day}
        {...(day !== null && { defaultDate: day })}
        onChange={(picked) => {
          if (picked) onPick(picked.slice(0, 10))
        }}
        size={phone ? 'md' : 'xs'}
      />
    </div>
  )
}
