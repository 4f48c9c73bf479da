const number = (value: unknown): string => String(value)

/** A broken rule in words: what is wrong and how to put it right. */
export function faultWords(keyword: string, node: Readonly<Record<string, unknown>>): string {
  const title = typeof node['title'] === 'string' ? node['title'] : 'A value'
  const limit = node[keyword]
  switch (keyword) {
    case 'required':
      return `${title} ${isPlural(title) ? 'are' : 'is'} required`
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
      return `${title} does not fit the field`
  }
}

/** “Terms are”, but “Status is”, “Address is”. */
const isPlural = (title: string): boolean => /[^aisu]s$/i.test(title)

/** The server's fault as a sentence: its types answer in fragments such as “must be at least 1”. */
export function sentence(title: string, detail: string): string {
  const text = /^[a-z]/.test(detail) ? `${title} ${detail}` : detail
  return text.replace(/\.$/, '')
}
