/** Who works at the desk: locked, switched, and what each role may do. */
import type { CeremonyKind, Page, Prompt, Snapshot, StepId } from '../../../electron/contract/snapshot.ts'
import { navigationOf } from '../../../electron/terminal/navigation.ts'
import type { Story } from './story.ts'

type Tell = (name: string, page: Page, rest?: Partial<Snapshot>) => Story
type TellCeremony = (kind: CeremonyKind, at: StepId | 'end', prompt: Prompt) => Page

const locked: Extract<Page, { kind: 'locked' }> = { kind: 'locked', operator: { givenName: 'Amara', familyName: 'Osei' } }
/** Over already, so that the words for it stay the same. */
const OVER = 0

const nobody = { operator: undefined } as unknown as Partial<Snapshot>

export function operatorStories(story: Tell, ceremony: TellCeremony): readonly Story[] {
  const roles: Story['act'] = async (page, { text }) => {
    await page.locator('.status-button').click()
    await page.getByRole('dialog', { name: text('roles.title') }).waitFor()
  }
  return [
    story('locked', locked, nobody),
    story('locked-problem', { ...locked, problem: { code: 'session-unknown' } }, nobody),
    story('pin-pad', ceremony('login', 'enter-pin', { kind: 'pin-pad', retriesLeft: 3, endsAt: OVER })),
    story(
      'pin-pad-give-up',
      ceremony('login', 'enter-pin', { kind: 'pin-pad', retriesLeft: 3, endsAt: OVER, giveUp: 'keyboard' }),
      { simulation: { readers: [{ name: 'Simulated reader 1' }], cards: [], pinPad: { shown: 4 } } },
    ),
    story(
      'pin-pad-again',
      ceremony('login', 'enter-pin', { kind: 'pin-pad', retriesLeft: 2, problem: { code: 'pin-pad-timeout' } }),
    ),
    story('switch-operator', ceremony('sign-in', 'insert', { kind: 'insert-card' })),
    { ...story('roles', { kind: 'idle' }, { navigation: navigationOf('desk', 'registrar') }), act: roles },
    { ...story('roles-in-session', ceremony('login', 'enter-pin', { kind: 'enter-pin', retriesLeft: 3 })), act: roles },
  ]
}
