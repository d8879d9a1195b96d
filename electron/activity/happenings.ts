/** What happened, told from two states of the terminal, one after the other, and from how a ceremony ended between them. Pure. */
import { equalConstantTime, fromHex } from '../../protocol/bytes.ts'
import type { Insertion } from '../ceremonies/card-access.ts'
import type { ActivityKind, ActivityOutcome, LoginParts } from '../contract/activity.ts'
import type { ProblemCode } from '../contract/problems.ts'
import { nameOf, type Running, runningStage } from '../terminal/moves.ts'
import { type Block, type CeremonyActivity, isPresent, type Outcome, type State } from '../terminal/state.ts'

export interface Happening {
  readonly kind: ActivityKind
  readonly outcome: ActivityOutcome
  readonly code?: ProblemCode
  readonly reader?: string
  readonly guid?: Uint8Array
  readonly loginMs?: number
  readonly parts?: LoginParts
  readonly name?: { readonly givenName: string; readonly familyName: string }
}

/** The number of the card in that reader, where the terminal has learned it. */
type CardIn = (card: Insertion) => Uint8Array | undefined

/** `outcome` is that of a ceremony which ended with this change. */
export function happenings(before: State, after: State, outcome: Outcome | undefined, cardIn: CardIn): readonly Happening[] {
  return [
    ...pulled(before, after),
    // A sign-in replaces who was there; a block sends them away.
    ...(outcome === undefined
      ? [...unasked(before, after), ...operatorLeft(before, after)]
      : [...operatorLeft(before, after), ...ceremonyEnded(before, after, outcome, cardIn)]),
    ...blockAsked(before, after),
  ]
}

function pulled({ session }: State, after: State): readonly Happening[] {
  if (session === undefined || after.session !== undefined || isPresent(after.readers, session.card)) return []
  const { holder, card } = session.login.result
  return [{ kind: 'card-pulled', outcome: 'done', reader: session.card.reader, guid: card.guid, name: nameOf(holder) }]
}

/**
 * Signed out, locked, or another one took over, at an open desk or at a locked one. Without a name: names go with the operator who
 * met them.
 */
function operatorLeft(before: State, { operator, locked }: State): readonly Happening[] {
  const had = before.operator ?? before.locked
  if (had === undefined) return []
  const { guid } = had
  if (operator !== undefined)
    return equalConstantTime(operator.guid, guid) ? [] : [{ kind: 'switch-operator', outcome: 'done', guid }]
  if (locked === undefined) return [{ kind: 'sign-out', outcome: 'done', guid }]
  return before.operator === undefined ? [] : [{ kind: 'lock', outcome: 'done', guid }]
}

function ceremonyEnded(before: State, after: State, outcome: Outcome, cardIn: CardIn): readonly Happening[] {
  const stage = runningStage(before)
  if (before.activity.kind !== 'ceremony' || stage === undefined || runningStage(after)?.run === stage.run) return []
  const end = endOf(before.activity, stage, after, outcome)
  if (end === undefined) return []
  const { request, person } = before.activity
  const name = outcome.kind === 'logged-in' ? nameOf(outcome.login.result.holder) : (resultName(outcome) ?? person)
  const guid = guidOf(outcome) ?? cardIn(stage.card)
  return [{ kind: request.kind, reader: stage.card.reader, ...(guid && { guid }), ...(name && { name }), ...end }]
}

type End = Pick<Happening, 'outcome' | 'code' | 'loginMs' | 'parts'>

/** Undefined where the ceremony goes on with another card. */
function endOf({ request }: CeremonyActivity, stage: Running, after: State, outcome: Outcome): End | undefined {
  if (stage.ending === 'blocked')
    return { outcome: 'failed', code: stage.block === undefined ? 'card-blocked' : codeOf(stage.block) }
  switch (outcome.kind) {
    case 'approved':
      return stage.ending === undefined ? undefined : { outcome: 'cancelled' }
    case 'finished':
      return { outcome: 'done' }
    case 'cancelled':
      return stage.ending === 'card-removed' ? { outcome: 'failed', code: 'card-removed' } : { outcome: 'cancelled' }
    case 'failed':
      return stage.ending === 'cancelled' ? { outcome: 'cancelled' } : { outcome: 'failed', code: outcome.problem.code }
    case 'logged-in': {
      if (stage.ending === 'cancelled') return { outcome: 'cancelled' }
      const { result, loginMs, parts } = outcome.login
      if (request.kind === 'sign-in' && result.role === undefined) return { outcome: 'failed', code: 'not-an-operator' }
      const opened = request.kind === 'sign-in' ? after.operator?.session : after.session?.login.result.session
      const isOpen = opened !== undefined && equalConstantTime(opened, result.session)
      return isOpen ? { outcome: 'done', loginMs, parts } : { outcome: 'failed', code: 'card-removed' }
    }
    default:
      return outcome satisfies never
  }
}

function resultName(outcome: Outcome): Happening['name'] {
  return outcome.kind === 'finished' && outcome.result.kind !== 'pin-changed' ? nameOf(outcome.result) : undefined
}

function guidOf(outcome: Outcome): Uint8Array | undefined {
  if (outcome.kind === 'logged-in') return outcome.login.result.card.guid
  if (outcome.kind === 'failed') return outcome.guid
  return outcome.kind === 'finished' && outcome.result.kind === 'registered' ? fromHex(outcome.result.guid) : undefined
}

/** A notice that stopped a card, and a card that does not even answer. */
function unasked(before: State, after: State): readonly Happening[] {
  const { activity } = after
  if (activity.kind === 'blocked' && before.activity.kind !== 'blocked') {
    const { guid, card, person } = activity.block
    const about = { ...(card && { reader: card.reader }), ...(guid && { guid }), ...(person && { name: person }) }
    return [{ kind: 'block', outcome: 'done', code: codeOf(activity.block), ...about }]
  }
  if (activity.kind !== 'ceremony' || activity.stage.kind !== 'failed' || activity === before.activity) return []
  // What ran has ended with an outcome, which tells more.
  if (activity.steps.length > 0 || activity.stage.problem.code !== 'card-mute') return []
  const { code, reader } = activity.stage.problem
  return [{ kind: activity.request.kind, outcome: 'failed', code, ...(reader === undefined ? {} : { reader }) }]
}

function blockAsked({ blocking: before }: State, { blocking }: State): readonly Happening[] {
  if (blocking === undefined || before?.state.kind !== 'working') return []
  const { guid, state } = blocking
  if (state.kind === 'done') return [{ kind: 'block', outcome: 'done', guid }]
  return state.kind === 'failed' ? [{ kind: 'block', outcome: 'failed', code: state.problem.code, guid }] : []
}

function codeOf({ cause }: Block): ProblemCode {
  const codes = { pin: 'pin-blocked', puk: 'puk-blocked', card: 'card-blocked', finding: 'session-stopped' } as const
  return codes[cause]
}
