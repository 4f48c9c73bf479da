import type { TestProject } from 'vitest/node'
import { startPostgres } from './server.ts'

/** Vitest globalSetup of the projects that need a database: one server per test run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres()
  project.provide('postgres', server.url)
  return () => server.stop()
}
