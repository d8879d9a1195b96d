/** Where somebody at rest may go: which pages there are for whom, and from where. */
import { includesRole, type Role } from '../../protocol/messages/operations.ts'
import { type NavigationEntry, type NavigationView, PAGE_NAMES, PAGES, type PageName } from '../contract/pages.ts'
import type { RestActivity, State } from './state.ts'
import { waitingPage } from './waiting-page.ts'

/** What a page that is opened lies over; undefined while something else needs the person. */
export function resting(state: State): RestActivity | undefined {
  const { activity, session, locked } = state
  if (locked !== undefined) return undefined
  if (activity.kind === 'looking') return activity.over
  if (activity.kind === 'enrolling') return activity
  if (activity.kind === 'batch') return { kind: 'waiting' }
  const rests = activity.kind === 'waiting' && session === undefined && waitingPage(state).kind !== 'starting'
  return rests ? activity : undefined
}

/** The role that is lacking for a page; undefined where it may be opened. */
export function lacking(page: PageName, role: Role | undefined): Role | undefined {
  const needed = PAGES[page]
  return needed === 'nobody' || includesRole(role, needed) ? undefined : needed
}

export function navigationOf(current: PageName, role: Role | undefined, simulates = false): NavigationView {
  const pages = PAGE_NAMES.filter((page) => simulates || page !== 'training').map((page): NavigationEntry => {
    const needs = lacking(page, role)
    return needs === undefined ? { page } : { page, needs }
  })
  return { current, pages }
}

/** Undefined while something needs the person: then there is nothing beside it. */
export function navigationView(state: State): NavigationView | undefined {
  if (resting(state) === undefined) return undefined
  const { activity, operator, simulation } = state
  const current = activity.kind === 'looking' ? activity.view.of : activity.kind === 'batch' ? 'batch' : 'desk'
  return navigationOf(current, operator?.role, simulation !== undefined)
}
