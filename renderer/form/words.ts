const number = (value: unknown): string => String(value)

/** A broken rule in words: what is wrong and how to put it right. */
export function faultWords(keyword: string, node: Readonly<Record<string, unknown>>): string {
  const title = typeof node['title'] === 'string' ? node['title'].toLowerCase() : 'a value'
  const limit = node[keyword]
  switch (keyword) {
    case 'required':
      return node['enum'] !== undefined || node['format'] === 'uuid' || node['type'] === 'array'
        ? `Choose ${article(title)}`
        : `Enter ${article(title)}`
    case 'maxLength':
      return `Use at most ${number(limit)} characters`
    case 'minLength':
      return `Use at least ${number(limit)} characters`
    case 'minimum':
      return `Enter at least ${number(limit)}`
    case 'maximum':
      return `Enter at most ${number(limit)}`
    case 'minItems':
      return `Add at least ${number(limit)}`
    case 'maxItems':
      return `Keep at most ${number(limit)}`
    case 'uniqueItems':
      return 'Remove what is in the list twice'
    case 'enum':
      return 'Choose one of the offered values'
    default:
      return `Check ${title}: this does not fit the field`
  }
}

const article = (noun: string): string =>
  noun.endsWith('s') && !noun.endsWith('ss') ? noun : /^[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`

/** The server's fault as a sentence: its types answer in fragments such as “must be at least 1”. */
export function sentence(title: string, detail: string): string {
  const text = /^[a-z]/.test(detail) ? `${title} ${detail}` : detail
  return text.replace(/\.$/, '')
}
