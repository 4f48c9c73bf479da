import { createRoot } from 'react-dom/client'
import './styles.ts'
import { App } from './app.tsx'

const root = document.getElementById('root')
if (root) createRoot(root).render(<App />)
