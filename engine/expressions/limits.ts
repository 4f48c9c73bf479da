/** How large an expression may be. Checked before anything runs, so that no text costs more than it says. */
export const limits = {
  /** UTF-16 units of the text. */
  characters: 4_000,
  /** Parentheses, arguments and branches inside each other. A chain such as a + b + c is not deep. */
  depth: 40,
  /** Names, literals, operators and calls; literals of a list are not counted here. */
  nodes: 500,
  /** Items of all list literals together. */
  listItems: 500,
  /** Digits of one number. */
  digits: 100,
  loops: 12,
  /** Loops inside each other. */
  nestedLoops: 3,
  /** Steps for one record, as `work.ts` counts them. A loop over 10,000 parts of a text fits, one inside another does not. */
  steps: 500_000,
  /** What a text of a record counts as there. Whoever takes it apart may find more. */
  storedCharacters: 500,
  /** References followed one after the other. */
  hops: 16,
  /** Parts that an explanation tells, and UTF-16 units of the text of each. */
  explainedParts: 150,
  explainedCharacters: 500,
  /** Faults that one text is told about. */
  faults: 20,
} as const
