/**
 * One exercise as it goes on, pure: it watches the snapshots that the terminal shows anyway, and knows by them which of its steps the
 * trainee has reached. It asks nothing of the terminal and changes nothing in it.
 */
import type { Prompt, Snapshot } from '../contract/snapshot.ts'
import type { ExerciseId, ExerciseStepId, ExerciseView, Mishap } from '../contract/training.ts'

/** What lies on the desk when it begins. */
export interface SetUp {
  /** A card of a practice person, with what is to go wrong with it. */
  readonly person?: { readonly mishap: Mishap }
  /** A card that nobody has registered. */
  readonly other?: true
  readonly cutsGateway?: true
}

export interface ExerciseStep {
  readonly id: ExerciseStepId
  readonly isReached: (snapshot: Snapshot) => boolean
}

export interface Exercise {
  readonly setUp: SetUp
  /** Reached one after the other; the last one is the goal. */
  readonly steps: readonly ExerciseStep[]
  /** What must not happen. */
  readonly isMissed?: (snapshot: Snapshot) => boolean
}

export interface ExerciseRun {
  readonly id: ExerciseId
  readonly exercise: Exercise
  readonly reached: number
  readonly entries: number
  readonly startedAt: number
  readonly end?: { readonly kind: 'done' | 'missed'; readonly at: number }
  /** Of the snapshot before. */
  readonly prompt?: Prompt['kind']
}

export function beginRun(id: ExerciseId, exercise: Exercise, now: number): ExerciseRun {
  return { id, exercise, reached: 0, entries: 0, startedAt: now }
}

/** The run after this snapshot. One that has ended stays as it is. */
export function observe(run: ExerciseRun, snapshot: Snapshot, now: number): ExerciseRun {
  if (run.end !== undefined) return run
  const { steps, isMissed } = run.exercise
  const prompt = promptOf(snapshot)?.kind
  const isEntry = (run.prompt === 'enter-pin' || run.prompt === 'choose-pin') && prompt === 'working'
  const entries = run.entries + (isEntry ? 1 : 0)
  let { reached } = run
  while (steps[reached]?.isReached(snapshot) === true) reached += 1
  const { prompt: _, ...before } = run
  const next: ExerciseRun = { ...before, reached, entries, ...(prompt && { prompt }) }
  if (isMissed?.(snapshot) === true) return { ...next, end: { kind: 'missed', at: now } }
  return reached === steps.length ? { ...next, end: { kind: 'done', at: now } } : next
}

export function promptOf({ page }: Snapshot): Prompt | undefined {
  return page.kind === 'ceremony' ? page.ceremony.prompt : undefined
}

export function runView({ id, exercise, reached, entries, startedAt, end }: ExerciseRun): ExerciseView {
  return {
    id,
    state: end?.kind ?? 'running',
    steps: stepsView(exercise, reached),
    entries,
    ...(end && { durationMs: end.at - startedAt }),
  }
}

export function stepsView({ steps }: Exercise, reached: number): ExerciseView['steps'] {
  return steps.map(({ id }, index) => ({ id, state: index < reached ? 'done' : index === reached ? 'active' : 'todo' }))
}
