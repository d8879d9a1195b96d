/** What every view reaches: the store, the texts, and the voice for screen readers. */
import { createContext, useContext } from 'react'
import { type StoreApi, useStore } from 'zustand'
import type { Texts } from '../locales/texts.ts'
import type { TerminalState } from '../store/terminal-store.ts'

export interface Window {
  readonly store: StoreApi<TerminalState>
  readonly texts: Texts
}

export const WindowContext = createContext<Window | undefined>(undefined)

function useWindow(): Window {
  const value = useContext(WindowContext)
  if (value === undefined) throw new Error('used outside of App')
  return value
}

export const useTexts = (): Texts => useWindow().texts

/** A part of the store's state; the component is drawn again when that part changes. */
export function useTerminal<T>(select: (state: TerminalState) => T): T {
  return useStore(useWindow().store, select)
}

/** The person's full name in the order of the locale. */
export function fullName(texts: Texts, person: { readonly givenName: string; readonly familyName: string }): string {
  return texts.text('person.full-name', { given: person.givenName, family: person.familyName })
}
