/** The pages that somebody at rest may open, and what each asks of its reader. */
import type { Role } from '../../protocol/messages/operations.ts'

/** The least role, or nobody's: what helps while nobody can sign in. */
export type PageNeeds = Role | 'nobody'

/** In the order of the navigation. docs/architecture.md tells how one is added. */
export const PAGES = {
  desk: 'nobody',
  batch: 'registrar',
  readers: 'desk',
  activity: 'desk',
  findings: 'supervisor',
  /** Only where simulated cards are in use. */
  training: 'desk',
  diagnostics: 'nobody',
  settings: 'nobody',
} as const satisfies Readonly<Record<string, PageNeeds>>

export type PageName = keyof typeof PAGES
export const PAGE_NAMES = Object.keys(PAGES) as readonly PageName[]

export interface NavigationView {
  readonly current: PageName
  readonly pages: readonly NavigationEntry[]
}

export interface NavigationEntry {
  readonly page: PageName
  /** The role that who is here lacks; absent where the page opens by intent 'show'. */
  readonly needs?: Role
}
