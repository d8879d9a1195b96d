/** Who answers a registration where nobody sits at the desk: the initial PIN is given, and none that is on a card is ever guessed. */
import { utf8 } from '../../protocol/bytes.ts'
import { CeremonyFailed, type Guide } from '../ceremonies/guide.ts'
import type { StepId } from '../contract/snapshot.ts'

/** @param onStep how many of the steps are done */
export function unattendedGuide(pin: string, onStep: (step: StepId, part: number, parts: number) => void): Guide {
  let steps: readonly StepId[] = []
  return {
    begin: (kind, all) => {
      // The last part of a registration is a login; its steps belong to the registration.
      if (kind === 'register') steps = all
    },
    step: (step) => {
      const part = steps.indexOf(step)
      if (part >= 0) onStep(step, part, steps.length)
    },
    person: () => undefined,
    askPad: async () => {
      throw new CeremonyFailed({ code: 'card-not-blank' })
    },
    askPin: async () => {
      throw new CeremonyFailed({ code: 'card-not-blank' })
    },
    askNewPin: async ({ current, problem }) => {
      if (problem !== undefined) throw new CeremonyFailed(problem)
      if (current) throw new CeremonyFailed({ code: 'batch-card-asks' })
      return { next: utf8(pin) }
    },
  }
}
