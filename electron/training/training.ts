/**
 * Runs the exercises: sets the simulated desk up, watches what the terminal shows, and puts everything back. Practice cards are
 * simulated cards of people who do not exist; nothing here ever touches a real card.
 */
import type { Problem, ProblemCode } from '../contract/problems.ts'
import type { Snapshot } from '../contract/snapshot.ts'
import type { ExerciseId, TrainingView } from '../contract/training.ts'
import type { PracticeCard, Simulation } from '../simulation/simulation.ts'
import { beginRun, type ExerciseRun, observe, promptOf, runView, type SetUp, stepsView } from './exercise.ts'
import { EXERCISE } from './exercises.ts'

export interface TrainingOptions {
  readonly simulation: Pick<
    Simulation,
    'practiceCard' | 'newPracticeCard' | 'dropPracticeCard' | 'blankCard' | 'showParts' | 'perform'
  >
  /** Registers a practice person on the card in `reader`, by that operator's session; answers with the name. Rejects as a ceremony does. */
  readonly register: (...place: RegisterPlace) => Promise<string>
  /** What a rejection of `register` says to people. */
  readonly problemOf: (error: unknown) => Problem
  readonly cutGateway: (cut: boolean) => void
  readonly now: () => number
  readonly onChange: () => void
}

export type RegisterPlace = readonly [
  readers: Parameters<Parameters<Simulation['newPracticeCard']>[0]>[0],
  reader: string,
  operator: Uint8Array,
]

export interface Training {
  view(): TrainingView
  /** Ends the exercise that runs. Resolves when the new one has been set up, or could not be. */
  start(id: ExerciseId, operator: Uint8Array): Promise<void>
  /** Leaves the desk as it is without an exercise. */
  stop(): void
  /** Each snapshot that the window is shown. */
  follow(snapshot: Snapshot): void
}

type Going =
  | { readonly kind: 'preparing'; readonly id: ExerciseId }
  | { readonly kind: 'failed'; readonly id: ExerciseId; readonly problem: Problem }
  | { readonly kind: 'running'; readonly run: ExerciseRun }

/** The gateway's own word that a card is of no more use: the next exercise takes a new one. */
const USED_UP: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'unknown-card',
  'card-blocked',
  'card-expired',
  'card-withdrawn',
  'card-foreign',
  'holder-suspended',
])

export function createTraining({ simulation, register, problemOf, cutGateway, now, onChange }: TrainingOptions): Training {
  let going: Going | undefined
  let cut = false
  /** The card that something was made to go wrong with. */
  let practised: string | undefined
  const done = new Set<ExerciseId>()

  function cleanUp(): void {
    if (cut) {
      cut = false
      cutGateway(false)
    }
    if (practised !== undefined) simulation.perform({ kind: 'simulate-mishap', card: practised, mishap: 'none' })
    practised = undefined
    simulation.showParts(new Map())
  }

  async function cardOfPerson(operator: Uint8Array): Promise<PracticeCard> {
    const known = simulation.practiceCard()
    return known ?? simulation.newPracticeCard((readers, reader) => register(readers, reader, operator))
  }

  function setUp({ person, other, cutsGateway }: SetUp, card: PracticeCard | undefined): void {
    const parts = new Map<string, 'person' | 'other'>()
    if (person !== undefined && card !== undefined) {
      card.restore()
      simulation.perform({ kind: 'simulate-mishap', card: card.id, mishap: person.mishap })
      parts.set(card.id, 'person')
      practised = card.id
    }
    if (other === true) parts.set(simulation.blankCard(), 'other')
    simulation.showParts(parts)
    if (cutsGateway !== true) return
    cut = true
    cutGateway(true)
  }

  return {
    view() {
      const view = { done: [...done] }
      switch (going?.kind) {
        case undefined:
          return view
        case 'running':
          return { ...view, exercise: runView(going.run) }
        case 'preparing':
          return { ...view, exercise: { id: going.id, state: 'preparing', steps: stepsView(EXERCISE[going.id], 0), entries: 0 } }
        case 'failed': {
          const { id, problem } = going
          return { ...view, exercise: { id, state: 'failed', problem, steps: stepsView(EXERCISE[id], 0), entries: 0 } }
        }
        default:
          return going satisfies never
      }
    },
    async start(id, operator) {
      cleanUp()
      const own: Going = { kind: 'preparing', id }
      going = own
      onChange()
      try {
        const card = EXERCISE[id].setUp.person && (await cardOfPerson(operator))
        // Stopped meanwhile, or another one was started.
        if (going !== own) return
        setUp(EXERCISE[id].setUp, card)
        going = { kind: 'running', run: beginRun(id, EXERCISE[id], now()) }
      } catch (error) {
        if (going !== own) return
        going = { kind: 'failed', id, problem: problemOf(error) }
      }
      onChange()
    },
    stop() {
      going = undefined
      cleanUp()
      onChange()
    },
    follow(snapshot) {
      if (going?.kind !== 'running' || going.run.end !== undefined) return
      if (isUsedUp(snapshot)) simulation.dropPracticeCard()
      const run = observe(going.run, snapshot, now())
      const hasMoved = run.reached !== going.run.reached || run.entries !== going.run.entries || run.end !== undefined
      going = { kind: 'running', run }
      if (run.end?.kind === 'done') done.add(run.id)
      if (run.end !== undefined) cleanUp()
      if (hasMoved) onChange()
    },
  }
}

function isUsedUp(snapshot: Snapshot): boolean {
  const { page } = snapshot
  if (page.kind === 'blocked') return page.block.cause === 'card' || page.block.cause === 'finding'
  const prompt = promptOf(snapshot)
  return prompt?.kind === 'failed' && USED_UP.has(prompt.problem.code)
}
