/** The exercises: what lies on the desk at the beginning, and by what the steps are known. Their words are in the renderer's locales. */
import type { ProblemCode } from '../contract/problems.ts'
import type { CeremonyKind, CeremonyResult, Snapshot } from '../contract/snapshot.ts'
import type { ExerciseId } from '../contract/training.ts'
import { type Exercise, promptOf } from './exercise.ts'

const isIn = (kind: CeremonyKind, { page }: Snapshot): boolean => page.kind === 'ceremony' && page.ceremony.kind === kind

const isRefused =
  (code: ProblemCode) =>
  (snapshot: Snapshot): boolean => {
    const prompt = promptOf(snapshot)
    return prompt?.kind === 'failed' && prompt.problem.code === code
  }

const isFinished =
  (kind: CeremonyResult['kind']) =>
  (snapshot: Snapshot): boolean => {
    const prompt = promptOf(snapshot)
    return prompt?.kind === 'done' && prompt.result.kind === kind
  }

const asksPin = (snapshot: Snapshot): boolean => isIn('login', snapshot) && promptOf(snapshot)?.kind === 'enter-pin'
const isLoggedIn = ({ page }: Snapshot): boolean => page.kind === 'session'
const isAtRest = ({ page }: Snapshot): boolean => page.kind === 'idle'
const isPinBlocked = ({ page }: Snapshot): boolean => page.kind === 'blocked' && page.block.cause === 'pin'
const isApproved = ({ page }: Snapshot): boolean =>
  page.kind === 'ceremony' && page.ceremony.kind === 'unblock' && page.ceremony.part === 'card'

export const EXERCISE: { readonly [Id in ExerciseId]: Exercise } = {
  newcomer: {
    setUp: { other: true },
    steps: [
      { id: 'form-sent', isReached: (snapshot) => isIn('register', snapshot) },
      { id: 'new-pin-asked', isReached: (snapshot) => promptOf(snapshot)?.kind === 'choose-pin' },
      { id: 'registered', isReached: isFinished('registered') },
    ],
  },
  'wrong-card': {
    setUp: { person: { mishap: 'none' }, other: true },
    steps: [
      { id: 'refused', isReached: isRefused('card-not-registered') },
      { id: 'right-card', isReached: asksPin },
      { id: 'logged-in', isReached: isLoggedIn },
    ],
  },
  'pulled-card': {
    setUp: { person: { mishap: 'pull-at-verify' } },
    steps: [
      { id: 'pulled', isReached: isRefused('card-removed') },
      { id: 'in-again', isReached: asksPin },
      { id: 'logged-in', isReached: isLoggedIn },
    ],
  },
  'forgotten-pin': {
    setUp: { person: { mishap: 'none' } },
    steps: [
      {
        id: 'wrong-pin',
        isReached(snapshot) {
          const prompt = promptOf(snapshot)
          return prompt?.kind === 'enter-pin' && prompt.problem?.code === 'pin-wrong'
        },
      },
      { id: 'stopped', isReached: isAtRest },
      { id: 'approved', isReached: isApproved },
      { id: 'unblocked', isReached: isFinished('unblocked') },
    ],
    isMissed: isPinBlocked,
  },
  'last-try': {
    setUp: { person: { mishap: 'one-try' } },
    steps: [
      { id: 'last-try-asked', isReached: (snapshot) => promptOf(snapshot)?.kind === 'confirm-last-try' },
      { id: 'stopped', isReached: isAtRest },
    ],
    isMissed: isPinBlocked,
  },
  'blocked-card': {
    setUp: { person: { mishap: 'pin-blocked' } },
    steps: [
      { id: 'block-seen', isReached: isPinBlocked },
      { id: 'approved', isReached: isApproved },
      { id: 'unblocked', isReached: isFinished('unblocked') },
    ],
  },
  'relayed-card': {
    setUp: { person: { mishap: 'slow' } },
    steps: [
      { id: 'logged-in', isReached: isLoggedIn },
      { id: 'ended', isReached: isAtRest },
    ],
  },
  'gateway-gone': {
    setUp: { person: { mishap: 'none' }, cutsGateway: true },
    steps: [
      { id: 'refused', isReached: isRefused('gateway-offline') },
      { id: 'pin-changed', isReached: isFinished('pin-changed') },
      { id: 'online', isReached: ({ gateway }) => gateway.kind === 'online' },
    ],
  },
}
