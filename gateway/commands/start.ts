import { jsonLog } from '../log.ts'
import { type BrokerChoice, type Gateway, startGateway } from '../main.ts'
import { invite } from '../registry/terminals.ts'
import { claimSlot } from '../slot.ts'
import type { Output } from './common.ts'
import { CommandError } from './problems.ts'

export interface StartOptions {
  readonly dataDirectory: string
  readonly broker: BrokerChoice
  readonly slot: number
  readonly desk: boolean
  readonly site: string
  readonly output: Output
}

const DESK_INVITATION_MS = 24 * 60 * 60 * 1000

/** Resolves with the exit status, after SIGTERM or SIGINT. Rejects with a CommandError, and as startGateway does. */
export async function runGateway(options: StartOptions): Promise<number> {
  const { dataDirectory, slot } = options
  const giveUpSlot = claimSlot(dataDirectory, slot)
  if (giveUpSlot === undefined)
    throw new CommandError(`A gateway runs on slot ${slot} of ${dataDirectory} already; another one beside it takes --slot N.`)
  try {
    return await runOnSlot(options)
  } finally {
    giveUpSlot()
  }
}

async function runOnSlot({ dataDirectory, broker, slot, desk, site, output }: StartOptions): Promise<number> {
  const ended = new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve)
    process.once('SIGINT', resolve)
  })
  const log = jsonLog((line) => process.stderr.write(line), Date.now)
  const gateway = await startGateway({ dataDirectory, broker, slot, log })
  const invitation = desk ? await deskInvitation(gateway, site) : undefined
  const { worker, brokerUrl } = gateway
  output(
    [
      `Gateway ready. Broker ${brokerUrl}, worker ${worker}.`,
      ...(invitation === undefined ? [] : [`Invitation: ${invitation}`]),
    ].join('\n'),
    { ready: true, brokerUrl, worker, ...(invitation === undefined ? {} : { invitation }) },
  )
  await ended
  await gateway.close()
  return 0
}

/** While there is no terminal or no operator; with an operator it enrols a terminal and no more. */
async function deskInvitation({ registry }: Gateway, site: string): Promise<string | undefined> {
  const { hasOperator, hasTerminal } = await registry.store.read(async (reader) => ({
    hasOperator: await reader.hasOperator(),
    hasTerminal: (await reader.terminals()).some(({ state }) => state === 'active'),
  }))
  if (hasOperator && hasTerminal) return undefined
  return (await invite(registry, { site, validMs: DESK_INVITATION_MS, mayRegisterFirstOperator: !hasOperator })).code
}
