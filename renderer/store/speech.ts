/**
 * Which texts the window speaks: the desk's, and those of the person in front of it. Follows the snapshots; a language is
 * shown as soon as its table is here, and until then the one before it stays.
 */
import type { StoreApi } from 'zustand'
import { chooseLocale } from '../../electron/contract/languages.ts'
import { loadTexts } from '../locales/languages.ts'
import type { Texts } from '../locales/texts.ts'
import type { TerminalState } from './terminal-store.ts'

export interface Speech {
  readonly desk: Texts
  /** The desk's where nothing else was chosen. */
  readonly person: Texts
}

/**
 * @param system what the browser says of the person's languages; counts only where main says nothing
 * @param speak is called with the first texts and at each change
 * @param load for tests
 */
export function followLanguage(
  terminal: StoreApi<TerminalState>,
  system: readonly string[],
  speak: (speech: Speech) => void,
  load: (locale: string) => Promise<Texts> = loadTexts,
): void {
  let wanted = ''

  async function follow({ snapshot, notice }: TerminalState): Promise<void> {
    // Before main has answered nothing is loaded that may not be needed.
    if (snapshot === undefined && notice === undefined) return
    const desk = snapshot?.language.desk ?? chooseLocale('system', system)
    const person = snapshot?.language.person ?? desk
    const choice = `${desk} ${person}`
    if (choice === wanted) return
    wanted = choice
    const deskTexts = load(desk)
    const speech = { desk: await deskTexts, person: await (person === desk ? deskTexts : load(person)) }
    // Somebody may have chosen again meanwhile.
    if (choice === wanted) speak(speech)
  }

  void follow(terminal.getState())
  terminal.subscribe((state) => void follow(state))
}
