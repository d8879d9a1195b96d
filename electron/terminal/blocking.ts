/** The state machine's part for blocks: what a notice ends, the block page, who asks for a block, and the unblocking. */
import { equalConstantTime, fromHex } from '../../protocol/bytes.ts'
import type { Notice } from '../../protocol/messages/notices.ts'
import { includesRole } from '../../protocol/messages/operations.ts'
import type { Insertion } from '../ceremonies/card-access.ts'
import type { Problem } from '../contract/problems.ts'
import {
  ceremony,
  endOf,
  type Next,
  NO_ASK,
  nameOf,
  type Running,
  runningStage,
  start,
  to,
  waiting,
  without,
  withStage,
} from './moves.ts'
import {
  type Approval,
  type Block,
  type BlockedCard,
  type CeremonyRequest,
  type Command,
  type Effect,
  isPresent,
  presentCards,
  type State,
  sameCard,
} from './state.ts'
import { canUnblock } from './view.ts'
import { waitingPage } from './waiting-page.ts'

type CardNotice = Extract<Notice, { kind: 'block' | 'end-session' }>
type UnblockRequest = Extract<CeremonyRequest, { kind: 'unblock' }>

/**
 * A notice and a login are dated by clocks of the gateway's workers, which differ by less than this. One that is older than the login
 * by more was lifted before the gateway let the card in: a broker has delivered it again.
 */
const CLOCKS_MS = 60_000

export function noticed(state: State, notice: Notice, card: Insertion | undefined): Next {
  if (notice.kind === 'finding') return to({ ...state, newFindings: state.newFindings + 1 })
  const { session, operator } = state
  const isIn = (at: Insertion | undefined) => sameCard(at, card)
  const ofSession = session !== undefined && (isIn(session.card) || same(session.login.result.card.guid, notice.guid))
  if (ofSession && notice.at < session.login.result.at - CLOCKS_MS) return to(state)
  const ofOperator = operator !== undefined && same(operator.guid, notice.guid) && notice.kind === 'block'
  const stage = runningStage(state)
  const ofCeremony = stage !== undefined && isIn(stage.card) && !isUnblocking(state)
  const person = ofSession ? session.login.result.holder : ofOperator ? operator : personOfCeremony(state, ofCeremony)
  const block = blockOf(notice, card, person && nameOf(person))

  const effects: Effect[] = []
  let next = state
  if (ofSession || (ofOperator && session !== undefined)) {
    if (session !== undefined) effects.push(endOf(session.login.result.session, ofSession ? 'blocked' : 'operator'))
    next = without(next, 'session')
  }
  if (ofOperator) {
    effects.push(endOf(operator.session, 'blocked'))
    next = without(next, 'operator')
  }
  if (ofCeremony && stage !== undefined) {
    // The card's answers under way are the ceremony's; it shows the page when it has let go of the card.
    if (stage.ask.kind !== 'nothing') effects.push({ kind: 'cancel-ask', run: stage.run })
    next = withStage(next, { ...stage, ask: NO_ASK, ending: 'blocked', block })
  } else if (ofSession || ofOperator || (card !== undefined && isAtRest(next))) {
    next = { ...next, activity: { kind: 'blocked', block } }
  }
  return { state: next, effects }
}

/** Nothing is on the desk that the page would take from somebody. */
function isAtRest({ activity, session }: State): boolean {
  if (session !== undefined) return false
  if (activity.kind === 'ceremony') return activity.stage.kind === 'done' || activity.stage.kind === 'failed'
  return activity.kind === 'waiting' || activity.kind === 'blocked'
}

function isUnblocking({ activity }: State): boolean {
  return activity.kind === 'ceremony' && activity.request.kind === 'unblock'
}

function personOfCeremony({ activity }: State, concerned: boolean) {
  return concerned && activity.kind === 'ceremony' ? activity.person : undefined
}

const same = (a: Uint8Array, b: Uint8Array): boolean => equalConstantTime(a, b)

function blockOf(notice: CardNotice, card: Insertion | undefined, person: Block['person']): Block {
  const about = { guid: notice.guid, at: notice.at, ...(card && { card }), ...(person && { person }) }
  if (notice.kind === 'end-session') return { ...about, cause: 'finding', finding: notice.finding }
  return {
    ...about,
    cause: 'card',
    by: notice.cause,
    ...(notice.finding === undefined ? {} : { finding: notice.finding }),
    ...(notice.blockPin && card !== undefined ? { onCard: 'working' as const } : {}),
  }
}

/** What became of the PIN on the card that the page is about. */
export function pinBlocked(state: State, guid: Uint8Array, done: boolean): Next {
  const onCard = done ? 'blocked' : 'not-blocked'
  const change = (block: Block): Block =>
    block.cause === 'card' && block.guid !== undefined && same(block.guid, guid) ? { ...block, onCard } : block
  const { activity } = state
  if (activity.kind === 'blocked') return to({ ...state, activity: { kind: 'blocked', block: change(activity.block) } })
  const stage = runningStage(state)
  return stage?.block === undefined ? to(state) : to(withStage(state, { ...stage, block: change(stage.block) }))
}

/** The block page for a ceremony that ended so; undefined where another page tells it. */
export function blockBehind(
  state: State,
  problem: Problem,
  { card, block }: Running,
  guid: Uint8Array | undefined,
): Block | undefined {
  if (block !== undefined) return block
  if (state.activity.kind !== 'ceremony') return undefined
  const { request, person } = state.activity
  // A new card that is not ours yet is not blocked: it was set up by somebody else. A supervisor's own card is not the one in question.
  if (request.kind === 'register' || (request.kind === 'unblock' && request.approved === undefined)) return undefined
  const about = { card, ...(guid && { guid }), ...(person && { person }) }
  switch (problem.code) {
    case 'pin-blocked':
      return { ...about, cause: 'pin' }
    case 'puk-blocked':
      return { ...about, cause: 'puk' }
    case 'card-blocked':
      return { ...about, cause: 'card' }
    default:
      return undefined
  }
}

/** From the block page, or from the supervisor's actions; undefined where it is out of place. */
export function unblock(state: State): Next | undefined {
  const { activity } = state
  if (activity.kind === 'blocked') {
    if (!canUnblock(state.gateway, activity.block)) return undefined
    const { guid, card } = activity.block
    return askForApproval(state, { ...(guid && { guid }), ...(card && { card }) })
  }
  if (activity.kind !== 'waiting' || state.session !== undefined || waitingPage(state).kind !== 'idle') return undefined
  return askForApproval(state, undefined)
}

/** Another approval: the one before is used up, or too old before long. */
export function unblockAgain(state: State, { target }: UnblockRequest, problem: Problem, card: Insertion | undefined): Next {
  return askForApproval(state, target, problem.code === 'approver-needed' ? card : undefined)
}

function askForApproval(state: State, target: BlockedCard | undefined, notThis?: Insertion): Next {
  const request: UnblockRequest = { kind: 'unblock', ...(target && { target }) }
  const isOther = (card: Insertion) => !sameCard(card, target?.card) && !sameCard(card, notThis)
  const card = [state.fresh, state.operator?.card].find(
    (candidate) => candidate !== undefined && isOther(candidate) && isPresent(state.readers, candidate),
  )
  if (card !== undefined) return start(state, request, card)
  return to({ ...without(state, 'fresh'), activity: ceremony(request, { kind: 'insert' }) })
}

/** The supervisor has approved: now the card that is to be unblocked. */
export function approved(state: State, session: Uint8Array, stage: Running): Next {
  if (state.activity.kind !== 'ceremony' || state.activity.request.kind !== 'unblock')
    return to({ ...state, activity: waiting() })
  const { request, steps } = state.activity
  const approval: Approval = { session, card: stage.card }
  const going: UnblockRequest = { ...request, approved: approval }
  const candidates = request.target?.card === undefined ? presentCards(state.readers) : [request.target.card]
  const card = [state.fresh, ...candidates].find(
    (candidate) => candidate !== undefined && !sameCard(candidate, stage.card) && isPresent(state.readers, candidate),
  )
  if (card !== undefined) return start(state, going, card)
  const insert = ceremony(going, { kind: 'insert' })
  const shown = steps.map((step) => ({
    id: step.id,
    state: step.id === 'approve' ? ('done' as const) : step.id === 'insert-blocked' ? ('active' as const) : ('todo' as const),
  }))
  return to({ ...state, activity: { ...insert, steps: shown } })
}

/** A supervisor asks for the block of a card: of the person who is logged in, or by its number. */
export function blockCard(state: State, { card }: Extract<Command, { kind: 'block-card' }>): Next | undefined {
  const { operator, session } = state
  const guid = card === undefined ? session?.login.result.card.guid : fromHex(card)
  if (guid === undefined || operator === undefined || !includesRole(operator.role, 'supervisor')) return undefined
  if (state.activity.kind === 'ceremony' || state.blocking?.state.kind === 'working') return undefined
  return to({ ...state, blocking: { guid, state: { kind: 'working' } } }, { kind: 'block', session: operator.session, guid })
}

export function blockEnded(state: State, guid: Uint8Array, problem: Problem | undefined): Next {
  if (state.blocking === undefined || !same(state.blocking.guid, guid)) return to(state)
  const outcome = problem === undefined ? ({ kind: 'done' } as const) : ({ kind: 'failed', problem } as const)
  return to({ ...state, blocking: { guid, state: outcome } })
}

/** The page of a block goes; what else the desk was doing is over already. */
export function leaveBlock(state: State): Next {
  return to({ ...without(state, 'fresh'), activity: waiting() })
}
