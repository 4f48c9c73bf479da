const aliases: Readonly<Record<string, string>> = {
  int: 'integer',
  int4: 'integer',
  int2: 'smallint',
  int8: 'bigint',
  bool: 'boolean',
  float8: 'double precision',
  float4: 'real',
  decimal: 'numeric',
  varchar: 'character varying',
  char: 'character',
  timestamptz: 'timestamp with time zone',
  timestamp: 'timestamp without time zone',
  timetz: 'time with time zone',
  time: 'time without time zone',
}

/** The spelling that PostgreSQL itself reports (`format_type`), so that wanted and actual types compare as text. */
export function canonicalType(type: string): string {
  const match = /^([a-z0-9_. ]+?)\s*(?:\(([\d, ]+)\))?((?:\s+with(?:out)? time zone)?)((?:\[\])*)$/.exec(type.trim().toLowerCase())
  if (!match) return type
  const [, base = '', precision, zone = '', array = ''] = match
  const name = zone === '' ? (aliases[base] ?? base) : `${base}${zone}`
  if (precision === undefined) return name + array
  // The precision of a time stands before its zone: timestamp(3) with time zone.
  const [first = '', ...rest] = /^times?(?:tamp)? /.test(name) ? name.split(' ') : [name]
  return [`${first}(${precision.replaceAll(' ', '')})`, ...rest].join(' ') + array
}

const integers = ['smallint', 'integer', 'bigint']

/**
 * The wider of two types when every value of the other reads the same in it; null when neither holds the other.
 * A numeric's scale is part of how its values read ("1.50"), so only the number of digits may grow.
 */
export function widerType(one: string, other: string): string | null {
  if (one === other) return one
  const ranks = [integers.indexOf(one), integers.indexOf(other)] as const
  if (ranks[0] >= 0 && ranks[1] >= 0) return integers[Math.max(...ranks)] ?? null
  const numerics = [one, other].map((type) => /^numeric\((\d+),(\d+)\)$/.exec(type))
  if (numerics[0] && numerics[1])
    return numerics[0][2] === numerics[1][2] ? (Number(numerics[0][1]) >= Number(numerics[1][1]) ? one : other) : null
  const texts = [one, other].map(textLength)
  if (texts[0] === undefined || texts[1] === undefined) return null
  return texts[0] >= texts[1] ? one : other
}

function textLength(type: string): number | undefined {
  if (type === 'text') return Infinity
  const match = /^character varying(?:\((\d+)\))?$/.exec(type)
  return match ? Number(match[1] ?? Number.MAX_SAFE_INTEGER) : undefined
}
