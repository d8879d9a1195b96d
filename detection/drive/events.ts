/**
 * Traffic as the events that the gateway's worker makes of it, straight to the judge: for counts that handshakes on two
 * processor cores would take days for. What the worker adds to a login (the one before it, a session elsewhere) is added here in
 * the same way; drive/gateway.ts runs the same traffic through the real worker.
 */
import type { GatewayEvent, ProvenPlace } from '../../gateway/findings/event.ts'
import type { Finding } from '../../gateway/findings/finding.ts'
import { createJudge } from '../../gateway/findings/judge.ts'
import type { Policy } from '../../gateway/findings/policy.ts'
import type { Action, Traffic } from '../traffic/action.ts'
import { deskOf, type World } from '../traffic/world.ts'

export interface Observed {
  readonly action: Action
  readonly finding: Pick<Finding, 'kind' | 'response' | 'at'> & { readonly card?: string | undefined }
}

export interface EventRun {
  readonly observed: readonly Observed[]
  readonly honestEvents: number
  readonly events: number
  /** In the judge alone. */
  readonly judgeMs: number
}

function cardName(card: number): string {
  return card.toString(16).padStart(32, '0')
}

function terminalName(terminal: number): string {
  return terminal.toString(16).padStart(16, '0')
}

export function runEvents(world: World, traffic: Traffic, policy: Policy): EventRun {
  const judge = createJudge(policy)
  const eventsOf = createEvents(world)
  const observed: Observed[] = []
  let [events, honestEvents, judgeMs] = [0, 0, 0]
  for (const action of traffic.actions) {
    const batch = eventsOf(action)
    const begin = performance.now()
    for (const event of batch) {
      for (const finding of judge.observe(event)) observed.push({ action, finding })
    }
    judgeMs += performance.now() - begin
    events += batch.length
    if (action.attack === undefined) honestEvents += batch.length
  }
  return { observed, honestEvents, events, judgeMs }
}

function createEvents(world: World): (action: Action) => GatewayEvent[] {
  const last = new Map<number, ProvenPlace>()
  const open = new Map<number, ProvenPlace>()

  return (action) => {
    const { at } = action
    const terminal = terminalName(action.terminal)
    const { site } = deskOf(world, action.terminal)
    const where = { at, terminal, site }
    const message = (verdict: Extract<GatewayEvent, { kind: 'message' }>['verdict'], later = 0): GatewayEvent => ({
      kind: 'message',
      ...where,
      at: at + later,
      verdict,
    })
    switch (action.kind) {
      case 'connect':
        return [{ kind: 'handshake', ...where, outcome: 'completed' }, message('accepted')]
      case 'handshake':
        return [
          {
            kind: 'handshake',
            ...where,
            ...(action.name === undefined ? {} : { terminal: terminalName(action.name), site: '' }),
            outcome: action.outcome === 'lost' ? 'abandoned' : 'failed',
          },
        ]
      case 'requests':
        return Array.from({ length: action.count }, (_, i) => message('accepted', (i * action.overMs) / action.count))
      case 'login': {
        const previous = last.get(action.card)
        const session = open.get(action.card)
        const place: ProvenPlace = { ...where, begunAt: at - action.takesMs }
        last.set(action.card, place)
        open.set(action.card, place)
        const elsewhere = session !== undefined && session.terminal !== terminal ? session : undefined
        const card = cardName(action.card)
        return [
          message('accepted'),
          message('accepted'),
          { kind: 'login', ...place, card, timing: action.times, previous, elsewhere },
        ]
      }
      case 'pulled':
        if (open.get(action.card)?.terminal === terminal) open.delete(action.card)
        return [message('accepted')]
      case 'wrong-signature':
        return [message('accepted'), message('accepted'), { kind: 'login-failed', ...where }]
      case 'wrong-pin': {
        const { present: proven, retriesLeft } = action
        return [message('accepted'), { kind: 'wrong-pin', ...where, card: cardName(action.card), proven, retriesLeft }]
      }
      case 'person':
        return [
          message('accepted'),
          ...(['givenName', 'familyName', 'reference'] as const).map(
            (field): GatewayEvent => ({
              kind: 'text',
              ...where,
              operation: 'register.begin',
              field: `person.${field}`,
              value: action[field],
            }),
          ),
        ]
      case 'misshapen':
        return [message('accepted'), { kind: 'schema', ...where, operation: 'register.begin' }]
      case 'replay':
        return [message(action.behind >= 64 ? 'stale' : 'replay')]
      case 'tampered':
        return [message('forged')]
      case 'garbage':
        return [{ kind: 'message', at, terminal: '', site: '', verdict: 'malformed' }]
      default:
        return action satisfies never
    }
  }
}
