/** What a mishap of training does to a simulated card: its counters, how it sits in the reader, and when it is pulled. */
import type { HowInserted } from '../../native/virtual-card/simulated-readers.ts'
import type { CardState, ReferenceData } from '../../native/virtual-card/state.ts'
import type { Snapshot } from '../contract/snapshot.ts'
import type { Mishap } from '../contract/training.ts'

/** What a relay adds to every answer, so that a person notices it and no command runs into its time limit. */
const RELAY_MS = 250

export function delayOf(mishap: Mishap): number {
  return mishap === 'slow' ? RELAY_MS : 0
}

export function howInserted(mishap: Mishap): HowInserted {
  return mishap === 'mute' ? 'mute' : mishap === 'busy' ? 'held' : 'well'
}

/** What changes on the card; undefined where its counters stay as they are. */
export function countersOf(mishap: Mishap, { pin, puk }: CardState): Pick<CardState, 'pin' | 'puk'> | undefined {
  switch (mishap) {
    case 'none':
      return { pin: left(pin, pin.retriesTotal), puk: left(puk, puk.retriesTotal) }
    case 'one-try':
      return { pin: left(pin, 1), puk: left(puk, puk.retriesTotal) }
    case 'pin-blocked':
      return { pin: left(pin, 0), puk: left(puk, puk.retriesTotal) }
    case 'puk-blocked':
      return { pin: left(pin, 0), puk: left(puk, 0) }
    case 'slow':
    case 'mute':
    case 'busy':
    case 'pull-at-read':
    case 'pull-at-pin':
    case 'pull-at-verify':
      return undefined
    default:
      return mishap satisfies never
  }
}

const left = (data: ReferenceData, retriesLeft: number): ReferenceData => ({ ...data, retriesLeft })

/** Where the card has come to in the ceremony that runs: when it is pulled for `mishap`. */
export function isPullMoment(mishap: Mishap, { page }: Snapshot): boolean {
  if (page.kind !== 'ceremony') return false
  const { prompt, steps } = page.ceremony
  const isActive = (...ids: readonly string[]) => steps.some(({ id, state }) => state === 'active' && ids.includes(id))
  switch (mishap) {
    case 'pull-at-read':
      return prompt.kind === 'working' && isActive('read-card')
    case 'pull-at-pin':
      return prompt.kind === 'confirm-last-try' || prompt.kind === 'enter-pin' || prompt.kind === 'choose-pin'
    case 'pull-at-verify':
      return prompt.kind === 'working' && isActive('verify', 'change-pin', 'set-pin')
    default:
      return false
  }
}
