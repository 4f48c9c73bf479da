/** Properties of the entities of test modules, as their files say them. */

export const typed = (type: string, title: string, settings: object = {}) => ({ title, 'x-bos': { type, ...settings } })

export const text = (title: string, settings: object = {}) => ({
  type: 'string',
  title,
  maxLength: 80,
  ...(Object.keys(settings).length > 0 && { 'x-bos': settings }),
})
export const integer = (title: string, settings: object = {}) => typed('integer', title, settings)
export const reference = (title: string, entity: string, settings: object = {}) => typed('reference', title, { entity, ...settings })
