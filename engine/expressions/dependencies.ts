import type { Dependencies, Needs, Node, RecordNode, Source } from './types.ts'

interface Growing extends Needs {
  readonly values: Set<string>
  readonly hops: Map<string, Growing>
  document: Growing | null
  readonly lines: Map<string, Growing>
  readonly links: Map<string, Growing>
  readonly inverse: Map<string, Growing>
}
type RootName = 'self' | 'old' | 'user' | 'settings' | 'target'

const empty = (entity: string): Growing => ({
  entity,
  values: new Set(),
  hops: new Map(),
  document: null,
  lines: new Map(),
  links: new Map(),
  inverse: new Map(),
})

function grown<Key>(needs: Map<Key, Growing>, key: Key, entity: string): Growing {
  const known = needs.get(key)
  if (known !== undefined) return known
  const made = empty(entity)
  needs.set(key, made)
  return made
}

/** What a tree reads. */
export function dependenciesOf(root: Node): Dependencies {
  const roots = new Map<RootName, Growing>()
  const searched = new Map<string, Growing>()
  const parameters = new Set<string>()
  /** What is read of the elements of each loop. */
  const elements = new Map<number, Growing>()
  /** Loops over values, which are not records. */
  const nobody = empty('')

  function ofRecord(record: RecordNode): Growing {
    switch (record.kind) {
      case 'root':
        return grown(roots, record.root, record.entity)
      case 'element':
        return elements.get(record.variable) ?? nobody
      case 'hop':
        return grown(ofRecord(record.of).hops, record.field, record.entity)
      case 'document': {
        const of = ofRecord(record.of)
        of.document ??= empty(record.entity)
        return of.document
      }
      case 'first':
        return ofSource(record.source)
    }
  }

  function ofSource(source: Source): Growing {
    switch (source.kind) {
      case 'lines':
        return grown(ofRecord(source.of).lines, source.field, source.entity)
      case 'links':
        return grown(ofRecord(source.of).links, source.field, source.entity)
      case 'inverse':
        return grown(ofRecord(source.of).inverse, `${source.entity}/${source.field}`, source.entity)
      case 'entity':
        return grown(searched, source.entity, source.entity)
      case 'named':
        visit(source.ids)
        return grown(searched, source.entity, source.entity)
      case 'naming':
        visit(source.id)
        grown(searched, source.entity, source.entity).values.add(source.field)
        return grown(searched, source.entity, source.entity)
      case 'values':
        visit(source.list)
        return nobody
      case 'filter': {
        const element = ofSource(source.source)
        elements.set(source.variable, element)
        visit(source.where)
        for (const { key } of source.order) visit(key)
        return element
      }
    }
  }

  function visit(node: Node): void {
    switch (node.kind) {
      case 'constant':
      case 'variable':
        return
      case 'parameter':
        parameters.add(node.name)
        return
      case 'field':
        ofRecord(node.of).values.add(node.field)
        return
      case 'identity':
        ofRecord(node.of)
        return
      case 'call':
        node.args.forEach(visit)
        return
      case 'and':
      case 'or':
        visit(node.left)
        visit(node.right)
        return
      case 'not':
        visit(node.operand)
        return
      case 'if':
        visit(node.condition)
        visit(node.then)
        visit(node.otherwise)
        return
      case 'list':
        node.items.forEach(visit)
        return
      case 'money':
        visit(node.amount)
        visit(node.currency)
        return
      case 'aggregate':
        elements.set(node.variable, ofSource(node.source))
        visit(node.body)
    }
  }

  visit(root)
  return { roots, searched, parameters }
}
