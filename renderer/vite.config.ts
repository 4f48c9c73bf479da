import react from '@vitejs/plugin-react'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Two pages: the generated UI at `/`, the designer at `/admin`. Everything is same-origin: the CSP allows no other source. */
export default defineConfig({
  root: here('.'),
  base: '/',
  plugins: [react()],
  // Replaced by a new one in every answer (engine/http/ui.ts).
  html: { cspNonce: '%CSP_NONCE%' },
  build: {
    outDir: here('dist'),
    emptyOutDir: true,
    target: 'es2024',
    sourcemap: false,
    chunkSizeWarningLimit: 1200,
    rolldownOptions: { input: { main: here('index.html'), admin: here('admin/index.html') } },
  },
  server: { proxy: { '/api': process.env['BOS_SERVER'] ?? 'http://127.0.0.1:3000' } },
})
