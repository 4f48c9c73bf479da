/**
 * Functions that only the checker knows, with how they are called. Loops bind a name to each element (`size` alone does not); the others mean something
 * simpler, or stand only inside of a loop (`desc`).
 */
const loops = {
  exists: 'exists(source, x, condition)',
  all: 'all(source, x, condition)',
  count: 'count(source, x, condition)',
  sum: 'sum(source, x, value)',
  min: 'min(source, x, value)',
  max: 'max(source, x, value)',
  avg: 'avg(source, x, value)',
  list: 'list(source, x, value)',
  first: 'first(source, x, condition, order)',
  filter: 'filter(source, x, condition, order)',
  running: 'running(parent.lines, x, value)',
  size: 'size(list)',
} as const
export type Loop = keyof typeof loops
export const isLoop = (name: string): name is Loop => Object.hasOwn(loops, name)
export const usageOf = (loop: Loop): string => loops[loop]

/** How each is called, by its name. */
export const specialForms: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ...loops,
    isUnder: 'isUnder(a, b)',
    workdays: 'workdays(from, to, calendar)',
    businessTime: 'businessTime(from, to, calendar)',
    money: 'money(amount, currency)',
    desc: 'desc(value)',
  }),
)
