import type { State } from '../catalogue/types.ts'

/** Whether a frozen state leaves open what stands at a path of ids (`notes`, `items.*.checked`): itself, or all of what it stands in. */
export const isExcept = ({ except }: Pick<State, 'except'>, path: string): boolean =>
  except.some((each) => path === each || path.startsWith(`${each}.`))
