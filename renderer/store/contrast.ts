/**
 * High contrast where the operating system prefers it or the settings want it: one attribute on the page, by which tokens.css
 * chooses its colours, because a style sheet cannot join a preference and a setting in one condition.
 */
import type { StoreApi } from 'zustand'
import type { TerminalState } from './terminal-store.ts'

/**
 * @param preference what the system prefers: the media query prefers-contrast: more
 * @param show is called at first and at each change
 */
export function followContrast(
  terminal: StoreApi<TerminalState>,
  preference: Pick<MediaQueryList, 'matches' | 'addEventListener'>,
  show: (isHigh: boolean) => void,
): void {
  let shown: boolean | undefined
  function follow(): void {
    const isHigh = preference.matches || terminal.getState().snapshot?.highContrast === true
    if (isHigh !== shown) show(isHigh)
    shown = isHigh
  }
  follow()
  terminal.subscribe(follow)
  preference.addEventListener('change', follow)
}
