/** The exercises, and what goes wrong with simulated cards on purpose. */

import type { CeremonyKind, Page, Prompt, SimulationView, Snapshot, StepId } from '../../../electron/contract/snapshot.ts'
import type { ExerciseView } from '../../../electron/contract/training.ts'
import { navigationOf } from '../../../electron/terminal/navigation.ts'
import type { Story } from './story.ts'

type Tell = (name: string, page: Page, rest?: Partial<Snapshot>) => Story
type TellCeremony = (kind: CeremonyKind, at: StepId | 'end', prompt: Prompt) => Page

const forgotten: ExerciseView = {
  id: 'forgotten-pin',
  state: 'running',
  steps: [
    { id: 'wrong-pin', state: 'done' },
    { id: 'stopped', state: 'active' },
    { id: 'approved', state: 'todo' },
    { id: 'unblocked', state: 'todo' },
  ],
  entries: 1,
}

export function trainingStories(story: Tell, ceremony: TellCeremony, plain: SimulationView): readonly Story[] {
  const cards = plain.cards.map((card, index) => ({ ...card, number: index + 1 }))
  const person = { ...(cards[1] ?? cards[0]), id: 'card-2', label: 'Card 2', state: 'registered', part: 'person' } as const
  const desk = { ...plain, cards: [cards[0] ?? person, person, ...cards.slice(2)] }
  const during = (exercise: ExerciseView, rest: Partial<SimulationView> = {}): Partial<Snapshot> => ({
    simulation: { ...desk, ...rest, training: { exercise, done: [] } },
    navigation: navigationOf('desk', 'supervisor', true),
  })
  return [
    story(
      'training',
      { kind: 'training' },
      {
        simulation: { ...plain, training: { done: ['newcomer', 'wrong-card'] } },
        navigation: navigationOf('training', 'registrar', true),
      },
    ),
    story('exercise-preparing', { kind: 'idle' }, during({ ...forgotten, state: 'preparing', entries: 0 })),
    story(
      'exercise-running',
      ceremony('login', 'enter-pin', { kind: 'enter-pin', retriesLeft: 2, problem: { code: 'pin-wrong', retriesLeft: 2 } }),
      { simulation: { ...desk, training: { exercise: forgotten, done: [] } } },
    ),
    story('exercise-done', { kind: 'idle' }, during({ ...forgotten, state: 'done', entries: 3, durationMs: 74_000 })),
    story('exercise-missed', { kind: 'idle' }, during({ ...forgotten, state: 'missed', entries: 3, durationMs: 74_000 })),
    story('exercise-failed', { kind: 'idle' }, during({ ...forgotten, state: 'failed', problem: { code: 'role-missing' } })),
    story(
      'exercise-gateway-cut',
      { kind: 'idle' },
      {
        ...during(
          {
            id: 'gateway-gone',
            state: 'running',
            steps: [
              { id: 'refused', state: 'active' },
              { id: 'pin-changed', state: 'todo' },
              { id: 'online', state: 'todo' },
            ],
            entries: 0,
          },
          {
            gatewayCut: true,
            cards: desk.cards.map((card, index) => (index === 0 ? { ...card, mishap: 'pull-at-verify' } : card)),
          },
        ),
        gateway: { kind: 'offline', since: 1, problem: { code: 'gateway-offline' } },
      },
    ),
  ]
}
