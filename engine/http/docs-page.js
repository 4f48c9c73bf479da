/**
 * Runs on the page /api/docs, in the browser. The sign-in of the screens is used: its refresh cookie brings an access token,
 * the token brings the document of the person it belongs to, and goes along with whatever they try out.
 */
const place = document.getElementById('docs')
const contents = document.getElementById('contents')
const earlySeconds = 60
let token = null
let expiresAt = 0

/** A token that is good for a while yet; null: nobody is signed in. */
async function currentToken() {
  if (token !== null && Date.now() < expiresAt) return token
  const response = await fetch('/api/auth/refresh', { method: 'POST', credentials: 'same-origin' })
  if (response.status === 204 || response.status === 401) return null
  if (!response.ok) throw new Error(await refusal(response))
  const { accessToken, expiresIn } = await response.json()
  token = accessToken
  expiresAt = Date.now() + (expiresIn - earlySeconds) * 1000
  return token
}

async function refusal(response) {
  const problem = await response.json().catch(() => null)
  return problem?.detail ?? `The server answered ${response.status}.`
}

/** Our own addresses get the token of the person at the screen, unless another was entered. */
async function authorize(request) {
  const { origin, pathname } = new URL(request.url, location.href)
  if (origin !== location.origin || !pathname.startsWith('/api/') || 'Authorization' in request.headers) return request
  const bearer = await currentToken()
  if (bearer !== null) request.headers['Authorization'] = `Bearer ${bearer}`
  return request
}

async function start() {
  const bearer = await currentToken()
  if (bearer === null) return say('Nobody is signed in.', { href: '/', text: 'Sign in, then come back to this page.' })
  const response = await fetch('/api/openapi.json', { headers: { authorization: `Bearer ${bearer}` } })
  if (!response.ok) throw new Error(await refusal(response))
  const whole = await response.json()
  let shown = null
  // Swagger UI keeps what is open in the hash; only another part is shown anew.
  const show = () => {
    const part = new URLSearchParams(location.search).get('part') ?? ''
    if (part !== shown) showPart(whole, (shown = part))
  }
  fillContents(whole, show)
  addEventListener('popstate', show)
  show()
}

/** `module/plural` of a record's address; '' of everything else. */
const partOf = (path) => /^\/api\/(?!auth\/|jobs\/|access\/)(\w+\/\w+)(?:\/|$)/.exec(path)?.[1] ?? ''

/** Links to the parts, by module. */
function fillContents(whole, show) {
  const link = (part, text) => {
    const element = Object.assign(document.createElement('a'), {
      href: part === '' ? '/api/docs' : `/api/docs?part=${part}`,
      textContent: text,
    })
    element.dataset['part'] = part
    element.addEventListener('click', (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return
      event.preventDefault()
      history.pushState(null, '', element.href)
      show()
    })
    return element
  }
  const modules = new Map()
  for (const [path, item] of Object.entries(whole.paths)) {
    const part = partOf(path)
    const [module] = Object.values(item).flatMap((operation) => operation.tags ?? [])
    if (part !== '') modules.set(module, (modules.get(module) ?? new Set()).add(part))
  }
  contents.append(link('', 'Sign-in, catalogue, jobs'))
  for (const [module, parts] of modules) {
    contents.append(Object.assign(document.createElement('h2'), { textContent: module }))
    contents.append(...[...parts].map((part) => link(part, part.split('/')[1].replaceAll('_', ' '))))
  }
}

/** Swagger UI works through the whole of what it is given whenever something is opened: it gets one part at a time. */
function showPart(whole, part) {
  for (const link of contents.querySelectorAll('a')) link.toggleAttribute('aria-current', link.dataset['part'] === part)
  const paths = Object.fromEntries(Object.entries(whole.paths).filter(([path]) => partOf(path) === part))
  const tags = new Set(Object.values(paths).flatMap((item) => Object.values(item).flatMap((operation) => operation.tags ?? [])))
  const spec = {
    ...whole,
    paths,
    tags: whole.tags.filter(({ name }) => tags.has(name)),
    components: { ...neededBy(paths, withoutCircles(whole.components)), securitySchemes: whole.components.securitySchemes },
  }
  place.replaceChildren(document.createElement('div'))
  globalThis.SwaggerUIBundle({
    spec,
    domNode: place.firstChild,
    requestInterceptor: authorize,
    validatorUrl: null,
    deepLinking: true,
    docExpansion: 'list',
    defaultModelsExpandDepth: 0,
    displayOperationId: true,
  })
}

/**
 * Swagger UI writes out whatever a schema refers to. Records refer to related ones, those to theirs, and so on round in circles:
 * one operation would take it minutes. On this page, what `expand` brings is therefore named, not written out.
 */
function withoutCircles(components) {
  const schemas = Object.entries(components.schemas).map(([name, schema]) => {
    const target = schema.properties?._expand?.$ref
    if (!target) return [name, schema]
    const relations = Object.keys(components.schemas[target.split('/').pop()].properties).join(', ')
    return [
      name,
      {
        ...schema,
        properties: {
          ...schema.properties,
          _expand: { type: 'object', description: `Related records, as far as \`expand\` asked for them: ${relations}.` },
        },
      },
    ]
  })
  return { ...components, schemas: Object.fromEntries(schemas) }
}

/** The components that `paths` refer to, directly or through others. */
function neededBy(paths, components) {
  const needed = {}
  const visit = (value) => {
    if (typeof value !== 'object' || value === null) return
    const [, kind, name] = /^#\/components\/(\w+)\/(.+)$/.exec(value.$ref) ?? []
    if (kind && !needed[kind]?.[name]) {
      needed[kind] = { ...needed[kind], [name]: components[kind][name] }
      visit(components[kind][name])
    }
    Object.values(value).forEach(visit)
  }
  visit(paths)
  return needed
}

function say(text, link) {
  const line = document.createElement('p')
  line.append(text, ' ')
  if (link) line.append(Object.assign(document.createElement('a'), { href: link.href, textContent: link.text }))
  place.replaceChildren(line)
}

start().catch((error) => say(error.message, { href: location.href, text: 'Try again.' }))
