/**
 * What the window knows: the last snapshot, and what the person is filling in. Plain zustand, no React: it can be driven and
 * tested without a window. A PIN never comes in here as state; it passes through `send` towards main and is forgotten.
 */

import { createStore, type StoreApi } from 'zustand/vanilla'
import type { IntentReply, TesseraBridge } from '../../electron/contract/channels.ts'
import type { Intent, WindowIntent } from '../../electron/contract/intents.ts'
import type { Snapshot } from '../../electron/contract/snapshot.ts'
import { keepEqual } from './keep-equal.ts'

export type Person = Extract<Intent, { kind: 'register' }>['person']
export type Role = NonNullable<Extract<Intent, { kind: 'register' }>['role']>

/** What the person form holds while it is filled in. */
export interface PersonDraft extends Person {
  readonly role: Role | 'none'
}

/** Why the last intent did nothing. */
export type Notice = Extract<IntentReply, { accepted: false }>['reason'] | 'unreachable'

export interface TerminalState {
  /** Absent until main has answered for the first time. */
  readonly snapshot: Snapshot | undefined
  /** Which of the window's own views covers the idle page. */
  readonly desk: 'home' | 'registering'
  readonly person: PersonDraft
  readonly enrolCode: string
  readonly simulationOpen: boolean
  readonly notice: Notice | undefined

  /** Listens to main, then asks for the present snapshot; returns the way to stop. */
  start(): () => void
  /** Asks something of main; tells by `notice` where main refuses. */
  send(intent: WindowIntent): Promise<void>
  openRegistration(): void
  closeRegistration(): void
  editPerson(part: Partial<PersonDraft>): void
  editEnrolCode(code: string): void
  toggleSimulation(): void
}

const blankPerson: PersonDraft = { givenName: '', familyName: '', reference: '', role: 'none' }

/** What is asked of the person, as far as it decides whether an older notice still means anything. */
const moment = (snapshot: Snapshot | undefined): string =>
  snapshot?.page.kind === 'ceremony' ? snapshot.page.ceremony.prompt.kind : (snapshot?.page.kind ?? '')

/** Who worked here does no more; a locked desk waits for them. */
function hasLeft(before: Snapshot, now: Snapshot): boolean {
  const isSignedOut = before.operator !== undefined && now.operator === undefined && now.page.kind !== 'locked'
  return isSignedOut || before.shift !== now.shift
}

/** What a new snapshot leaves of the window's own state: drafts with personal data go as soon as they have served. */
function settle(state: TerminalState, snapshot: Snapshot): Partial<TerminalState> {
  const { page } = snapshot
  const registered = page.kind === 'ceremony' && page.ceremony.kind === 'register' && page.ceremony.prompt.kind === 'done'
  const leftDesk = state.snapshot !== undefined && hasLeft(state.snapshot, snapshot)
  return {
    snapshot,
    ...(page.kind === 'enrol' ? {} : { enrolCode: '' }),
    ...(registered || leftDesk ? { person: blankPerson } : {}),
    ...(registered || leftDesk || page.kind === 'session' ? { desk: 'home' } : {}),
    ...(state.notice === 'unreachable' || moment(state.snapshot) !== moment(snapshot) ? { notice: undefined } : {}),
  }
}

export function createTerminalStore(bridge: TesseraBridge): StoreApi<TerminalState> {
  return createStore<TerminalState>()((set, get) => {
    const apply = (snapshot: Snapshot) => {
      const state = get()
      if (state.snapshot === undefined || snapshot.revision > state.snapshot.revision)
        set(settle(state, keepEqual(state.snapshot, snapshot)))
    }
    return {
      snapshot: undefined,
      desk: 'home',
      person: blankPerson,
      enrolCode: '',
      simulationOpen: true,
      notice: undefined,

      start() {
        const stop = bridge.onChanged(apply)
        bridge.snapshot().then(apply, () => set({ notice: 'unreachable' }))
        return stop
      },
      async send(intent) {
        try {
          const reply = await bridge.intent(intent)
          set({ notice: reply.accepted ? undefined : reply.reason })
        } catch {
          set({ notice: 'unreachable' })
        }
      },
      openRegistration: () => set({ desk: 'registering' }),
      closeRegistration: () => set({ desk: 'home', person: blankPerson }),
      editPerson: (part) => set((state) => ({ person: { ...state.person, ...part } })),
      editEnrolCode: (enrolCode) => set({ enrolCode }),
      toggleSimulation: () => set((state) => ({ simulationOpen: !state.simulationOpen })),
    }
  })
}
