/**
 * Runs on the page /api/docs, in the browser. The sign-in of the screens is used: its refresh cookie brings an access token,
 * the token brings the document of the person it belongs to, and goes along with whatever they try out.
 */
const place = document.getElementById('docs')
const earlySeconds = 60
let token = null
let expiresAt = 0

/** A token that is good for a while yet; null: nobody is signed in. */
async function currentToken() {
  if (token !== null && Date.now() < expiresAt) return token
  const response = await fetch('/api/auth/refresh', { method: 'POST', credentials: 'same-origin' })
  if (response.status === 401) return null
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

async function show() {
  const bearer = await currentToken()
  if (bearer === null) return say('Nobody is signed in.', { href: '/', text: 'Sign in, then come back to this page.' })
  const response = await fetch('/api/openapi.json', { headers: { authorization: `Bearer ${bearer}` } })
  if (!response.ok) throw new Error(await refusal(response))
  place.replaceChildren()
  globalThis.SwaggerUIBundle({
    spec: await response.json(), domNode: place, requestInterceptor: authorize, validatorUrl: null,
    deepLinking: true, docExpansion: 'none', defaultModelsExpandDepth: 0, displayOperationId: true, filter: true,
  })
}

function say(text, link) {
  const line = document.createElement('p')
  line.append(text, ' ')
  if (link) line.append(Object.assign(document.createElement('a'), { href: link.href, textContent: link.text }))
  place.replaceChildren(line)
}

show().catch((error) => say(error.message, { href: location.href, text: 'Try again.' }))
