/** The language of the desk and of the person in front of it: for how long a choice holds, and how it is shown. */
import { chooseLocale, type LanguageView } from '../contract/languages.ts'
import type { State } from './state.ts'

/** A person is in front of the desk: a ceremony with their card, their session, or the page of their card's block. An operator signs in in the desk's language. */
export function isServing({ activity, session }: State): boolean {
  if (session !== undefined || activity.kind === 'blocked') return true
  return activity.kind === 'ceremony' && activity.request.kind !== 'sign-in'
}

/** The next person is met in the desk's language again. */
export function forgetPersonLanguage(state: State): State {
  return isServing(state) ? state : inDeskLanguage(state)
}

export function inDeskLanguage(state: State): State {
  if (state.language.person === undefined) return state
  const { person: _, ...desk } = state.language
  return { ...state, language: desk }
}

export function languageView(state: State): LanguageView {
  const { setting, locked, system, person } = state.language
  const desk = chooseLocale(setting, system)
  const choosesFor = isServing(state) ? 'person' : 'desk'
  return { desk, choosesFor, setting, locked, ...(person === undefined ? {} : { person: chooseLocale(person, system) }) }
}
