/** Up to two letters that stand for a person or a workspace. */
export const initials = (name: string): string =>
  name
    .split(/[\s@.]+/)
    .filter((word) => word !== '')
    .slice(0, 2)
    .map((word) => word[0]?.toUpperCase())
    .join('')
