import { createRoot } from 'react-dom/client'
import '../renderer/tokens.css'
import '../renderer/base.css'
import './admin.css'

/** The designer's place. Until it is built, it says so and leads back. */
function Designer() {
  return (
    <main className="designer">
      <img src="/icon.svg" width={36} height={36} alt="" />
      <h1 className="title">The designer is not here yet</h1>
      <p className="muted">Modules are edited as files in modules-json and read when the server starts.</p>
      <a className="btn form" href="/">
        Open the workspace
      </a>
    </main>
  )
}

const root = document.getElementById('root')
if (root) createRoot(root).render(<Designer />)
