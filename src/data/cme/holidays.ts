/**
 * Owns business days of London and of the US exchanges, by rule: England's bank holidays with their substitute days, and the
 * holidays of the New York exchanges. Days are UTC midnights of civil dates. Knows no one-off holidays (coronations, mourning).
 */
import { invariant } from '#core/invariant'
import { civilDate, DAY_MS, type EpochMs, parseDay } from '#core/time'

const pad = (n: number, width: number): string => String(n).padStart(width, '0')

/** UTC midnight of a date that exists. */
export function dayOf(year: number, month: number, day: number): EpochMs {
  const ts = parseDay(`${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`)
  invariant(ts !== undefined, () => `${year}-${month}-${day} is no date`)
  return ts
}

/** 0 is Sunday; 1970-01-01 was a Thursday. */
export function weekday(day: EpochMs): number {
  return (((Math.floor(day / DAY_MS) + 4) % 7) + 7) % 7
}

const [SUNDAY, MONDAY, THURSDAY, FRIDAY, SATURDAY] = [0, 1, 4, 5, 6] as const

/** The computus: Easter Sunday of the Gregorian calendar (Meeus, Astronomical Algorithms, 1991, chapter 8). */
export function easterSunday(year: number): EpochMs {
  const a = year % 19
  const b = Math.floor(year / 100)
  const c = year % 100
  const d = Math.floor(b / 4)
  const f = Math.floor((b + 8) / 25)
  const g = Math.floor((b - f + 1) / 3)
  const h = (19 * a + b - d - g + 15) % 30
  const i = Math.floor(c / 4)
  const l = (32 + 2 * (b % 4) + 2 * i - h - (c % 4)) % 7
  const m = Math.floor((a + 11 * h + 22 * l) / 451)
  const n = h + l - 7 * m + 114
  return dayOf(year, Math.floor(n / 31), (n % 31) + 1)
}

const nth = (year: number, month: number, which: number, n: number): EpochMs => {
  const first = dayOf(year, month, 1)
  return first + (((which - weekday(first) + 7) % 7) + 7 * (n - 1)) * DAY_MS
}

/** The last such weekday of a month. */
export function lastWeekday(year: number, month: number, which: number): EpochMs {
  const last = (month === 12 ? dayOf(year + 1, 1, 1) : dayOf(year, month + 1, 1)) - DAY_MS
  return last - ((weekday(last) - which + 7) % 7) * DAY_MS
}

export const lastFriday = (year: number, month: number): EpochMs => lastWeekday(year, month, FRIDAY)

/** New Year, or the Monday after it when it is a weekend. */
const londonNewYear = (year: number): EpochMs => {
  const day = dayOf(year, 1, 1)
  return weekday(day) === SATURDAY ? day + 2 * DAY_MS : weekday(day) === SUNDAY ? day + DAY_MS : day
}

/** Bank holidays of England (Banking and Financial Dealings Act 1971; substitutes as on gov.uk). */
function londonHolidays(year: number): EpochMs[] {
  const easter = easterSunday(year)
  const substitutes = [27, 28].map((day) => dayOf(year, 12, day)).filter((day) => [MONDAY, 2].includes(weekday(day)))
  return [
    londonNewYear(year),
    easter - 2 * DAY_MS,
    easter + DAY_MS,
    nth(year, 5, MONDAY, 1),
    lastWeekday(year, 5, MONDAY),
    lastWeekday(year, 8, MONDAY),
    dayOf(year, 12, 25),
    dayOf(year, 12, 26),
    ...substitutes,
  ]
}

/** On a Saturday kept the Friday before, on a Sunday the Monday after. */
const observed = (day: EpochMs): EpochMs =>
  weekday(day) === SATURDAY ? day - DAY_MS : weekday(day) === SUNDAY ? day + DAY_MS : day

/** New York Stock Exchange, rule 7.2; a New Year on a Saturday is not kept in the old year. */
function usHolidays(year: number): EpochMs[] {
  const newYear = dayOf(year, 1, 1)
  return [
    weekday(newYear) === SATURDAY ? newYear : observed(newYear),
    nth(year, 1, MONDAY, 3),
    nth(year, 2, MONDAY, 3),
    easterSunday(year) - 2 * DAY_MS,
    lastWeekday(year, 5, MONDAY),
    ...(year >= 2022 ? [observed(dayOf(year, 6, 19))] : []),
    observed(dayOf(year, 7, 4)),
    nth(year, 9, MONDAY, 1),
    nth(year, 11, THURSDAY, 4),
    observed(dayOf(year, 12, 25)),
  ]
}

const years = new Map<number, ReadonlySet<EpochMs>>()

/** Whether a day is a business day both in London and in the US. */
export function isBusinessDay(day: EpochMs): boolean {
  const at = weekday(day)
  if (at === SATURDAY || at === SUNDAY) return false
  const { year } = civilDate(day)
  let holidays = years.get(year)
  if (holidays === undefined) {
    holidays = new Set([...londonHolidays(year), ...usHolidays(year)])
    years.set(year, holidays)
  }
  return !holidays.has(day)
}

/** The day itself, or the newest business day before it. */
export function businessDayUpTo(day: EpochMs): EpochMs {
  let at = day
  while (!isBusinessDay(at)) at -= DAY_MS
  return at
}
