import { createContext, useContext } from 'react'
import { wallClock } from './dates.ts'
import type { Locale } from './type.ts'

export const localeFor = (locale: string, timeZone: string, currency: string, now: Date = new Date()): Locale => ({
  locale,
  timeZone,
  currency,
  today: wallClock(now.toISOString(), timeZone).date,
})

export const LocaleContext = createContext<Locale>(localeFor('en', 'UTC', 'EUR'))
export const useLocale = (): Locale => useContext(LocaleContext)
