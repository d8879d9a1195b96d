/** The commands that open the store, do one thing and end. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openRegistry } from '../main.ts'
import {
  type Outcome,
  restoreHolder,
  restoreTerminal,
  suspendHolder,
  withdrawCard,
  withdrawTerminal,
} from '../registry/administration.ts'
import type { Registry } from '../registry/context.ts'
import { invite } from '../registry/terminals.ts'
import { withdrawNode } from '../tokens/nodes.ts'
import { blockCommand, blocksCommand, unblockCommand } from './blocks.ts'
import { dataDirectoryOf, type Output, siteOf, text, UsageError, type Values, wholeNumber } from './common.ts'
import { findingsCommand, policyCommand } from './findings.ts'
import { handoverKeysCommand } from './handover.ts'
import { auditVerify, listCards, listHolders, listTerminals } from './lists.ts'
import { locateCommand } from './locate.ts'
import { inviteNodeCommand, listNodes } from './nodes.ts'
import { CommandError } from './problems.ts'

/** Resolves with the exit status. */
export async function administer(command: string, rest: readonly string[], values: Values, output: Output): Promise<number> {
  const dataDirectory = dataDirectoryOf(text(values, 'data'))
  // A policy is looked at before it is put in its place: that needs no gateway yet.
  if (command === 'policy') return policyCommand(dataDirectory, rest, output)
  // An invitation may be the first thing that one asks for; any other command on a new folder is a slip of the pen.
  if (command !== 'invite' && !existsSync(join(dataDirectory, 'keys')))
    throw new CommandError(`There is no gateway in ${dataDirectory}: name its folder with --data, or make one with start.`)
  const { registry } = openRegistry(dataDirectory)
  try {
    switch (command) {
      case 'block':
        return await blockCommand(registry, dataDirectory, only(command, rest), values['keep-pin'] === true, output)
      case 'unblock':
        return await unblockCommand(registry, only(command, rest), output)
      default:
        return await administerWith(registry, command, rest, values, output)
    }
  } finally {
    await registry.store.close()
  }
}

function only(command: string, [word, ...more]: readonly string[]): string | undefined {
  if (more.length > 0) throw new UsageError(`too many words after ${command}`)
  return word
}

async function administerWith(
  registry: Registry,
  command: string,
  rest: readonly string[],
  values: Values,
  output: Output,
): Promise<number> {
  const [verb, who, ...more] = rest
  if (more.length > 0) throw new UsageError(`too many words after ${command}`)
  const change = async (outcome: Promise<Outcome>): Promise<number> => {
    const result = await outcome
    output(`${command} ${verb} ${who}: ${result}`, { outcome: result })
    return result === 'unknown' ? 1 : 0
  }
  switch ([command, verb, who === undefined ? '' : 'WHO'].filter(Boolean).join(' ')) {
    case 'invite': {
      const node = text(values, 'node')
      if (node !== undefined) return inviteNodeCommand(registry, node, values, output)
      const hours = wholeNumber(values, 'hours', 24, 1, 24 * 30)
      const first = values['first-operator'] === true
      const made = await invite(registry, { site: siteOf(values), validMs: hours * 3_600_000, mayRegisterFirstOperator: first })
      const until = new Date(made.expiresAt).toISOString()
      output(`Type this code into the terminal before ${until}:\n\n  ${made.code}\n`, { invitation: made.code, expiresAt: until })
      return 0
    }
    case 'holders':
      return listHolders(registry, output)
    case 'holders suspend WHO':
      return change(suspendHolder(registry, who ?? ''))
    case 'holders restore WHO':
      return change(restoreHolder(registry, who ?? ''))
    case 'cards':
      return listCards(registry, output)
    case 'cards withdraw WHO':
      return change(withdrawCard(registry, who ?? ''))
    case 'terminals':
      return listTerminals(registry, output)
    case 'terminals withdraw WHO':
      return change(withdrawTerminal(registry, who ?? ''))
    case 'terminals restore WHO':
      return change(restoreTerminal(registry, who ?? ''))
    case 'findings':
      return findingsCommand(registry, values, output)
    case 'nodes':
      return listNodes(registry, output)
    case 'nodes withdraw WHO':
      return change(withdrawNode(registry, who ?? ''))
    case 'blocks':
      return blocksCommand(registry, output)
    case 'locate card WHO':
    case 'locate reader WHO':
      return locateCommand(registry, verb, who, output)
    case 'handover-keys':
      return handoverKeysCommand(registry, output)
    case 'audit verify':
      return auditVerify(registry, output)
    default:
      throw new UsageError(`unknown: ${[command, ...rest].join(' ')}`)
  }
}
