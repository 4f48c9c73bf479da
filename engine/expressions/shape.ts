import type { Shape } from './types.ts'

/** What an expression can name of an entity, found by name and by id. */
export function shapeOf(said: Omit<Shape, 'byName' | 'byId'>): Shape {
  const byName = new Map(said.members.map((each) => [each.name, each]))
  const byId = new Map(said.members.map((each) => [each.id, each]))
  return { ...said, byName: (name) => byName.get(name), byId: (id) => byId.get(id) }
}
