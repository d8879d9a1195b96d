/** Draws the terminal's state as the snapshot that the window shows. */
import { toHex } from '../../protocol/bytes.ts'
import type { Page, Prompt, ReadersView, SessionView, Snapshot } from '../contract/snapshot.ts'
import { languageView } from './language.ts'
import { canRetry, serviceProblem } from './remedies.ts'
import type { Ask, PersonSession, Stage, State } from './state.ts'

/** The page where no ceremony runs and nobody is logged in. */
export function waitingPage(state: State): Page {
  const problem =
    state.activity.kind === 'waiting' && state.activity.problem !== undefined ? { problem: state.activity.problem } : {}
  if (state.gateway.kind === 'not-enrolled' || state.activity.kind === 'enrolling') {
    return { kind: 'enrol', busy: state.activity.kind === 'enrolling', ...problem }
  }
  if (!state.gatewaySettled) return { kind: 'starting' }
  if (state.operator !== undefined) return { kind: 'idle' }
  return state.mayRegisterFirstOperator ? { kind: 'first-operator' } : { kind: 'sign-in', ...problem }
}

function pageOf(state: State): Page {
  const { activity } = state
  if (activity.kind === 'ceremony') {
    const { request, steps, stage, person } = activity
    return {
      kind: 'ceremony',
      ceremony: { kind: request.kind, steps, prompt: promptOf(stage), ...(person === undefined ? {} : { person }) },
    }
  }
  if (state.session !== undefined) return { kind: 'session', session: sessionView(state.session) }
  return waitingPage(state)
}

function promptOf(stage: Stage): Prompt {
  switch (stage.kind) {
    case 'insert':
      return { kind: 'insert-card' }
    case 'running':
      return askPrompt(stage.ask)
    case 'done':
      return { kind: 'done', result: stage.result }
    case 'failed':
      return { kind: 'failed', problem: stage.problem, canRetry: canRetry(stage.problem.code) }
    default:
      return stage satisfies never
  }
}

function askPrompt(ask: Ask): Prompt {
  if (ask.kind === 'nothing') return { kind: 'working' }
  const { retriesLeft, problem } = ask.request
  if (retriesLeft === 1 && !ask.lastTryConfirmed) return { kind: 'confirm-last-try' }
  const about = { ...(retriesLeft === undefined ? {} : { retriesLeft }), ...(problem === undefined ? {} : { problem }) }
  return ask.kind === 'pin' ? { kind: 'enter-pin', ...about } : { kind: 'choose-pin', current: ask.request.current, ...about }
}

function sessionView({ login, card }: PersonSession): SessionView {
  const { holder, role, last, at } = login.result
  return {
    givenName: holder.givenName,
    familyName: holder.familyName,
    reference: holder.reference,
    registeredAt: holder.registeredAt,
    at,
    cardNumber: groupsOfFour(toHex(login.result.card.guid)),
    cardExpiresAt: login.result.card.expiresAt,
    reader: card.reader,
    loginMs: login.loginMs,
    ...(role === undefined ? {} : { role }),
    ...(last === undefined ? {} : { last }),
  }
}

function groupsOfFour(text: string): string {
  return (text.toUpperCase().match(/.{1,4}/g) ?? []).join(' ')
}

function readersView(state: State): ReadersView {
  const readers = state.readers.readers.map(({ name, simulated, state: { kind } }) => ({ name, simulated, state: kind }))
  const problem = serviceProblem(state.readers.service, readers.length)
  return { readers, ...(problem === undefined ? {} : { problem }) }
}

export function toSnapshot(state: State, revision: number, application: Snapshot['application']): Snapshot {
  const { operator, simulation } = state
  return {
    revision,
    application,
    language: languageView(state),
    gateway: state.gateway,
    readers: readersView(state),
    page: pageOf(state),
    ...(operator === undefined
      ? {}
      : {
          operator: {
            givenName: operator.givenName,
            familyName: operator.familyName,
            role: operator.role,
            since: operator.since,
          },
        }),
    ...(simulation === undefined ? {} : { simulation }),
  }
}
