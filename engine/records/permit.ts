import type { Action } from '../catalogue/types.ts'
import { Problem } from '../problems.ts'
import type { Request } from './request.ts'
import type { EntityAccess } from './types.ts'

/**
 * What the caller's roles must grant for a request, whichever door it came through. Operations of a write need an action each:
 * that is decided with them. Which rows an action reaches is part of every statement. Throws Problem 'not-allowed'.
 */
export function permit(request: Request): void {
  switch (request.kind) {
    case 'list':
      return void granted(request.list.access, request.list.action)
    case 'export':
      return void granted(request.export.list.access, 'export')
    case 'aggregate':
      return void granted(request.aggregate.access, 'list')
    case 'get':
      return void granted(request.get.access, 'get')
    case 'history':
      return void granted(request.history.here, 'history')
    case 'lookUp':
      return void (request.lookUp.here.actions.has('list') || granted(request.lookUp.here, 'get'))
    case 'share':
      return void granted(request.share.here, 'share')
    case 'explain':
      return void (writable(request.explain.here).actions.has('list') || granted(request.explain.here, 'get'))
    case 'write':
      return void writable(request.here)
  }
}

/** Doors ask for it before they read what the caller sent: who may not do it at all need not hear what is wrong with it. */
export function granted(here: EntityAccess, action: Action): EntityAccess {
  if (!here.actions.has(action) || (here.entity.kind === 'line' && !['list', 'get', 'export'].includes(action))) {
    throw new Problem('not-allowed', `Your role may not ${action} ${here.entity.pluralTitle.toLowerCase()}.`)
  }
  return here
}

export function writable(here: EntityAccess): EntityAccess {
  if (here.entity.kind === 'line') throw new Problem('not-allowed', 'Lines are written with their document.')
  return here
}
