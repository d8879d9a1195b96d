/** High contrast, from the system and from the settings. */
import { expect, test } from 'vitest'
import { createStore } from 'zustand/vanilla'
import type { Snapshot } from '../../electron/contract/snapshot.ts'
import { followContrast } from '../../renderer/store/contrast.ts'
import type { TerminalState } from '../../renderer/store/terminal-store.ts'

function follow(prefers: boolean) {
  const store = createStore<TerminalState>()(() => ({ snapshot: undefined }) as unknown as TerminalState)
  const shown: boolean[] = []
  const preference = {
    matches: prefers,
    listeners: [] as (() => void)[],
    addEventListener(_: string, listener: () => void) {
      this.listeners.push(listener)
    },
  }
  followContrast(store, preference as unknown as MediaQueryList, (isHigh) => shown.push(isHigh))
  return {
    shown,
    set: (highContrast: boolean) =>
      store.setState({ snapshot: (highContrast ? { highContrast: true } : {}) as unknown as Snapshot }),
    prefer(matches: boolean) {
      preference.matches = matches
      for (const listener of preference.listeners) listener()
    },
  }
}

test('is shown where either wants it, told once for each change', () => {
  const page = follow(false)
  page.set(true)
  page.set(true)
  page.prefer(true)
  page.set(false)
  page.prefer(false)
  expect(page.shown).toEqual([false, true, false])
})

test('is there from the first picture where the system prefers it', () => {
  expect(follow(true).shown).toEqual([true])
})
