import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compileCatalogue } from '../catalogue/compile.ts'
import { loadModules } from '../catalogue/load.ts'
import { Problem } from '../problems.ts'
import type { Fault } from '../problems.ts'
import { accessFor, settingsFor } from './access.ts'
import { readChange } from './body.ts'
import { parseConditions } from './parameters.ts'

const catalogue = compileCatalogue(await loadModules(join(import.meta.dirname, '../../modules-json')), 'test')
const seller = accessFor(catalogue, ['core.user', 'crm.rep'])
const comments = seller.entities.get('core.comment')!
const id = '01890000-0000-7000-8000-000000000000'

describe('an entity that no role of the caller names is no target of a reference to several', () => {
  const hidden = 'inventory.purchase_order'
  // A letter away, so that both are equally near to every name the seller knows.
  const unknown = 'inventory.purchasx_order'

  const bodyFaults = (entity: string): Fault[] => {
    const faults: Fault[] = []
    const report = (pointer: string, detail: string): number => faults.push({ pointer, detail })
    const reading = { access: seller, mode: 'create', replaceLines: new Set<string>(), formulas: { characters: 0 }, report } as const
    readChange(reading, comments, { body: 'Seen.', about: { entity, id } }, '')
    return faults
  }
  const filterProblem = (entity: string): Problem => {
    try {
      parseConditions(seller, comments, new Map([['about', [`${entity}:${id}`]]]), new Set())
    } catch (error) {
      if (error instanceof Problem) return error
    }
    throw new Error('the filter was accepted')
  }
  const told = (value: unknown, entity: string): string => JSON.stringify(value).replaceAll(entity, '…')

  it('exists for an administrator, and not for a seller', () => {
    expect(
      catalogue.entities
        .get('core.comment')!
        .fieldById.get('about')!
        .reference!.targets.map(({ entity }) => entity),
    ).toContain(hidden)
    expect(seller.entities.has(hidden)).toBe(false)
  })
  it('is refused in a body as an unknown name is', () => {
    expect(bodyFaults(hidden)).toHaveLength(1)
    expect(told(bodyFaults(hidden), hidden)).toBe(told(bodyFaults(unknown), unknown))
    expect(told(bodyFaults(unknown), unknown)).not.toMatch(/purchase_order|supplier/)
    expect(bodyFaults('crm.deal')).toEqual([])
  })
  it('is refused in a filter as an unknown name is', () => {
    expect(told(filterProblem(hidden), hidden)).toBe(told(filterProblem(unknown), unknown))
    expect(told(filterProblem(unknown), unknown)).not.toMatch(/purchase_order|supplier/)
  })
  it('is not in the settings that the caller is told', () => {
    expect(JSON.stringify(settingsFor(seller, comments.entity.fieldById.get('about')!))).not.toMatch(/purchase_order|supplier/)
  })
})
