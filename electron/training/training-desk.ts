/** The simulated desk and its exercises as the terminal drives them: one view, one way in for every command. */
import type { Readers } from '../../native/reader.ts'
import { utf8 } from '../../protocol/bytes.ts'
import type { OnlineDesk } from '../ceremonies/desk.ts'
import { CeremonyCancelled, CeremonyFailed, type Guide } from '../ceremonies/guide.ts'
import { problemOf } from '../ceremonies/problems.ts'
import { register } from '../ceremonies/register.ts'
import type { SimulationView, Snapshot } from '../contract/snapshot.ts'
import { PRACTICE_PIN } from '../contract/training.ts'
import type { MergedReaders } from '../readers/merged-readers.ts'
import type { Simulation } from '../simulation/simulation.ts'
import type { SimulationCommand } from '../terminal/state.ts'
import { createTraining } from './training.ts'

export interface TrainingDeskOptions {
  readonly simulation: Simulation
  readonly readers: Pick<MergedReaders, 'simulates' | 'status' | 'subscribe'>
  readonly cutGateway: (cut: boolean) => void
  /** What a practice person is registered with, in those readers. Throws a CeremonyFailed where there is no gateway. */
  readonly desk: (hidden: Readers) => OnlineDesk
  readonly onChange: () => void
}

export interface TrainingDesk {
  /** Undefined while no simulated reader is on offer. */
  view(): SimulationView | undefined
  perform(command: SimulationCommand, operator: Uint8Array | undefined): Promise<void>
  follow(snapshot: Snapshot): void
}

/** A card in a reader that nobody sees is in no place that the gateway should know. */
export const UNSEEN: OnlineDesk['cards'] = { seen: () => undefined }

/** Answers for a person who does not exist: the PIN that is known to all. */
export const practiceGuide: Guide = {
  begin: () => undefined,
  step: () => undefined,
  person: () => undefined,
  askPin: () => Promise.reject(new CeremonyCancelled()),
  askPad: () => Promise.reject(new CeremonyCancelled()),
  askNewPin: async ({ current }) => {
    if (current) throw new CeremonyCancelled()
    return { next: utf8(PRACTICE_PIN) }
  },
}

export function createTrainingDesk({ simulation, readers, cutGateway, desk, onChange }: TrainingDeskOptions): TrainingDesk {
  let isCut = false

  function cut(wanted: boolean): void {
    const allowed = wanted && readers.simulates() && !holdsRealCard()
    if (allowed === isCut) return
    isCut = allowed
    cutGateway(allowed)
    onChange()
  }

  function holdsRealCard(): boolean {
    return readers.status().readers.some(({ simulated, state }) => !simulated && state.kind !== 'empty')
  }

  const training = createTraining({
    simulation,
    async register(hidden, reader, session) {
      const [insertion] = hidden.status().readers.map(({ name, insertions }) => ({ reader: name, insertions }))
      const person = { givenName: 'Robin', familyName: 'Practice', reference: `PRACTICE-${Date.now().toString(36)}` }
      const at = insertion ?? { reader, insertions: 1 }
      const { givenName, familyName } = await register(desk(hidden), at, { person, session })
      return `${givenName} ${familyName}`
    },
    problemOf: (error) => (error instanceof CeremonyFailed ? error.problem : problemOf(error)),
    cutGateway: cut,
    now: Date.now,
    onChange,
  })

  // A real card needs the real gateway: what was cut for an exercise is mended before the card is used.
  readers.subscribe(() => {
    if (isCut && (holdsRealCard() || !readers.simulates())) cut(false)
  })

  return {
    view() {
      if (!readers.simulates()) return undefined
      return { ...simulation.view(), ...(isCut ? { gatewayCut: true } : {}), training: training.view() }
    },
    async perform(command, operator) {
      switch (command.kind) {
        case 'simulate-gateway':
          cut(command.cut)
          return
        case 'simulate-exercise':
          if (command.exercise === undefined) training.stop()
          else if (operator !== undefined) await training.start(command.exercise, operator)
          return
        default:
          simulation.perform(command)
      }
    },
    follow(snapshot) {
      simulation.follow(snapshot)
      training.follow(snapshot)
    },
  }
}
