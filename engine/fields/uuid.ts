const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** A UUID as we write it: lower case, with hyphens. */
export const isUuid = (value: unknown): value is string => typeof value === 'string' && pattern.test(value)
