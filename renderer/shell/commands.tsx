import { createContext, useContext, useEffect, useMemo, useRef, useSyncExternalStore, type ReactNode } from 'react'
import { useLatest } from '../model/latest.ts'

/** Something a person can do by key or palette. Palette, `?` map and key handler all read this one registry. */
export interface Command {
  readonly id: string
  readonly title: string
  readonly section: string
  /** `mod+k`, `/`, or a sequence `g d`. Single keys are dead in inputs and dialogs. */
  readonly keys?: string
  /** Another key for the same. */
  readonly also?: string
  readonly run: () => void
  /** Why it cannot be done now; the command stays visible. */
  readonly disabled?: string
  /** Only in the `?` map: the screen handles the key itself. */
  readonly documented?: boolean
}

class CommandRegistry {
  #sets = new Map<symbol, readonly Command[]>()
  #listeners = new Set<() => void>()
  #all: readonly Command[] = []

  set(key: symbol, commands: readonly Command[] | null): void {
    if (commands === null) this.#sets.delete(key)
    else this.#sets.set(key, commands)
    this.#all = [...this.#sets.values()].flat()
    for (const listener of this.#listeners) listener()
  }
  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  all = (): readonly Command[] => this.#all
}

const RegistryContext = createContext(new CommandRegistry())

/** Adds commands while the component is mounted. The newest screen's commands win a key. */
export function useCommands(commands: readonly Command[]): void {
  const registry = useContext(RegistryContext)
  const latest = useLatest(commands)
  // What is listed changes rarely, what a command does with every rendering: only the former is registered again.
  const shape = JSON.stringify(commands.map(({ run: _run, ...rest }) => rest))
  useEffect(() => {
    const key = Symbol('commands')
    const listed = JSON.parse(shape) as readonly Omit<Command, 'run'>[]
    registry.set(
      key,
      listed.map((command) => ({ ...command, run: () => latest.current.find((each) => each.id === command.id)?.run() })),
    )
    return () => registry.set(key, null)
  }, [registry, shape, latest])
}

export const useAllCommands = (): readonly Command[] => {
  const registry = useContext(RegistryContext)
  return useSyncExternalStore(registry.subscribe, registry.all)
}

export const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName))

/** A box or a button takes no text, so that Ctrl+Z there would reach some other field. */
const holdsText = (target: EventTarget | null): boolean =>
  isTyping(target) && !(target instanceof HTMLInputElement && /^(checkbox|radio|button|submit)$/.test(target.type))

const keyName = (event: KeyboardEvent): string => {
  const mod = event.metaKey || event.ctrlKey ? (event.shiftKey ? 'mod+shift+' : 'mod+') : ''
  return mod + event.key.toLowerCase()
}

/** Handles keys for the whole application: one listener, so that sequences and dialogs are judged in one place. */
export function CommandKeys({ children }: { readonly children: ReactNode }) {
  const registry = useMemo(() => new CommandRegistry(), [])
  const pending = useRef<{ key: string; at: number } | null>(null)
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.altKey || event.isComposing) return
      const name = keyName(event)
      const inLayer =
        event.target instanceof HTMLElement && event.target.closest('[role="dialog"], [role="menu"], [role="listbox"]') !== null
      if (!name.startsWith('mod+') && (isTyping(event.target) || inLayer)) return
      // Elsewhere than in a text the browser would undo the last text typed anywhere, such as the search box's.
      if (name.endsWith('+z') && holdsText(event.target)) return
      if (name.endsWith('+z')) event.preventDefault()
      if (inLayer && name !== 'mod+k') return
      const first = pending.current !== null && Date.now() - pending.current.at < 1200 ? pending.current.key : null
      pending.current = null
      const commands = registry.all().toReversed()
      const find = (keys: string) => commands.find((command) => (command.keys === keys || command.also === keys) && !command.documented)
      const found = (first === null ? undefined : find(`${first} ${name}`)) ?? find(name)
      if (found) {
        event.preventDefault()
        if (found.disabled === undefined) found.run()
      } else if (commands.some((command) => command.keys?.startsWith(`${name} `))) pending.current = { key: name, at: Date.now() }
    }
    window.addEventListener('keydown', onKeyDown)
    return () => window.removeEventListener('keydown', onKeyDown)
  }, [registry])
  return <RegistryContext.Provider value={registry}>{children}</RegistryContext.Provider>
}

const apple = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.userAgent)
const signs: Record<string, string> = {
  mod: apple ? '⌘' : 'Ctrl',
  enter: '↵',
  arrowup: '↑',
  arrowdown: '↓',
  arrowright: '→',
  arrowleft: '←',
  escape: 'Esc',
  shift: '⇧',
  ' ': 'Space',
  space: 'Space',
}

/** The keys of a command as small key caps. */
export function Keys({ keys }: { readonly keys: string }) {
  return (
    <span className="keys" aria-hidden>
      {keys.split(' ').map((chord) => (
        <span key={chord} className="keys">
          {chord.split('+').map((key) => (
            <kbd key={key} className="kbd">
              {signs[key] ?? (key.length === 1 ? key.toUpperCase() : key)}
            </kbd>
          ))}
        </span>
      ))}
    </span>
  )
}
