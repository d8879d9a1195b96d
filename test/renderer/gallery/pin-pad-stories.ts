/** A PIN that is changed on the reader's own keys. */
import type { CeremonyKind, Page, Prompt, Snapshot, StepId } from '../../../electron/contract/snapshot.ts'
import type { Story } from './story.ts'

type Tell = (name: string, page: Page, rest?: Partial<Snapshot>) => Story
type TellCeremony = (kind: CeremonyKind, at: StepId | 'end', prompt: Prompt) => Page

/** Over already, so that the words for it stay the same. */
const OVER = 0

export function pinPadStories(story: Tell, ceremony: TellCeremony): readonly Story[] {
  const change = (rest: Partial<Extract<Prompt, { kind: 'pin-pad' }>>): Page =>
    ceremony('change-pin', 'choose-pin', { kind: 'pin-pad', change: true, retriesLeft: 3, ...rest })
  return [
    story('pin-pad-change', change({})),
    story('pin-pad-change-entering', change({ endsAt: OVER }), {
      simulation: { readers: [{ name: 'Simulated reader 1' }], cards: [], pinPad: { shown: 4, asks: 'new-pin-again' } },
    }),
    story('pin-pad-change-cancel', change({ endsAt: OVER, giveUp: 'cancel' })),
    story('pin-pad-change-mismatch', change({ problem: { code: 'pin-pad-mismatch' } })),
    story('pin-pad-change-cancelled', change({ problem: { code: 'pin-pad-cancelled' } })),
    story('pin-pad-change-timeout', change({ problem: { code: 'pin-pad-timeout' } })),
    story('pin-pad-change-wrong', change({ retriesLeft: 2, problem: { code: 'pin-wrong', retriesLeft: 2 } })),
  ]
}
