// Runs before the first paint, so that a dark screen never flashes white. A file of its own: the CSP allows no inline script.
;(function () {
  var stored = null
  try {
    stored = localStorage.getItem('bos.scheme')
  } catch {
    stored = null
  }
  var dark = stored === 'dark' || (stored !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light')
})()
