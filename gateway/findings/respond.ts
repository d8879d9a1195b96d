/** What the policy answers a finding with, carried out: by the block list, by notices, and by the registry. */
import { fromHex } from '../../protocol/bytes.ts'
import type { Blocks } from '../blocks/blocks.ts'
import { describeError, type Log } from '../log.ts'
import { quarantineTerminal } from '../registry/administration.ts'
import type { Registry } from '../registry/context.ts'
import { endSession, SESSION_MS } from '../registry/terminals.ts'
import type { Finding } from './finding.ts'
import type { Policy } from './policy.ts'
import type { Restraints } from './restraints.ts'
import type { Responder } from './watch.ts'

export interface ResponderOptions {
  readonly registry: Registry
  readonly policy: Policy
  readonly blocks: Pick<Blocks, 'block' | 'notify'>
  readonly restraints: Restraints
  /** Sessions and their tokens have ended: service nodes are to hear of it. */
  readonly ended: () => void
  readonly log: Log
}

/** Terminals that are told of one finding. */
const MOST_TOLD = 100

export function createResponder({ registry, policy, blocks, restraints, ended, log }: ResponderOptions): Responder {
  const { store, crypto } = registry

  async function respond(finding: Finding): Promise<void> {
    switch (finding.response) {
      case 'notify':
        return
      case 'slow-down':
        restraints.slowDown(finding.terminal, finding.at + policy.slowDownMs)
        return
      case 'end-session':
        if (finding.card !== undefined) await endSessionsAt(finding, fromHex(finding.card))
        return
      case 'quarantine-terminal':
        await quarantineTerminal(registry, finding.terminal, finding.kind)
        ended()
        return
      case 'block-card':
        if (finding.card !== undefined) await blockCard(finding, fromHex(finding.card))
        return
      default:
        finding.response satisfies never
    }
  }

  /** The card's sessions at the terminal where it was found; an honest one elsewhere goes on. */
  async function endSessionsAt({ terminal, at, kind }: Finding, guid: Uint8Array): Promise<void> {
    const told = blocks.notify(terminal, { kind: 'end-session', notice: crypto.randomBytes(16), guid, at, finding: kind })
    await store.transaction(async (tx) => {
      for (const login of await tx.openSessionsOfCard(guid)) {
        if (login.terminal === terminal) await endSession(registry, tx, login.session, registry.now(), 'finding')
      }
    })
    ended()
    await told
  }

  async function blockCard({ terminal, kind }: Finding, guid: Uint8Array): Promise<void> {
    const card = await store.read((reader) => reader.card(guid))
    if (card === undefined || card.state === 'blocked') return
    await blocks.block({ guid, cause: 'finding', finding: kind, blockPin: !card.linked, terminals: [terminal] })
  }

  return {
    async carryOut(finding) {
      try {
        await respond(finding)
      } catch (error) {
        log('error', 'response-failed', { finding: finding.kind, response: finding.response, ...describeError(error) })
      }
    },
    async tell({ at, kind, severity }) {
      try {
        const since = registry.now() - SESSION_MS
        const terminals = await store.read((reader) => reader.supervisorTerminals(since, MOST_TOLD))
        for (const terminal of terminals)
          void blocks.notify(terminal, { kind: 'finding', notice: crypto.randomBytes(16), at, finding: kind, severity })
      } catch (error) {
        log('warning', 'finding-not-told', { finding: kind, ...describeError(error) })
      }
    },
  }
}
