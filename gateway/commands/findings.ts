/** findings, and the policy that they are answered by. */
import { toHex } from '../../protocol/bytes.ts'
import { FINDING_KINDS, type FindingKind } from '../../protocol/messages/finding-operations.ts'
import { policyFileOf, policyOf, readPolicyFile } from '../findings/policy-file.ts'
import type { Registry } from '../registry/context.ts'
import type { ListedFinding } from '../store/findings.ts'
import { type Output, text, UsageError, type Values, wholeNumber } from './common.ts'
import { table, when } from './table.ts'

/** The latest first. */
export async function findingsCommand({ store }: Registry, values: Values, output: Output): Promise<number> {
  const kind = kindOf(text(values, 'kind'))
  const limit = wholeNumber(values, 'limit', 50, 1, 100_000)
  const found = await store.read((reader) => reader.findings({ kind, limit }))
  const rows = found.map((finding) => [
    when(finding.at),
    finding.severity,
    finding.kind,
    finding.response,
    String(finding.occurrences),
    finding.site === '' ? '-' : finding.site,
    finding.card === undefined ? '-' : toHex(finding.card),
    evidenceOf(finding),
  ])
  output(
    table(['WHEN', 'SEVERITY', 'KIND', 'ANSWER', 'TIMES', 'SITE', 'CARD', 'EVIDENCE'], rows),
    found.map(({ id, card, ...rest }) => ({ id: toHex(id), ...rest, ...(card === undefined ? {} : { card: toHex(card) }) })),
  )
  return 0
}

function evidenceOf({ evidence, own }: ListedFinding): string {
  const parts = Object.entries(evidence).map(([name, value]) => `${name}=${value}`)
  return [...parts, ...(own ? [] : ['(in its name)'])].join(' ')
}

function kindOf(kind: string | undefined): FindingKind | undefined {
  if (kind === undefined) return undefined
  const known = FINDING_KINDS.find((one) => one === kind)
  if (known === undefined) throw new UsageError(`--kind takes one of ${FINDING_KINDS.join(', ')}`)
  return known
}

/** `check FILE` and `show`. Throws a PolicyError, whose message names each value that is wrong. */
export function policyCommand(dataDirectory: string, words: readonly string[], output: Output): number {
  const [verb, file, ...more] = words
  if (more.length > 0) throw new UsageError('too many words after policy')
  if (verb === 'check' && file !== undefined) {
    const policy = readPolicyFile(file)
    output(`${file} can be used. Put it at ${policyFileOf(dataDirectory)} and start the gateway anew.`, { ok: true, policy })
    return 0
  }
  if (verb === 'show' && file === undefined) {
    const policy = policyOf(dataDirectory)
    output(JSON.stringify(policy, undefined, 2), policy)
    return 0
  }
  throw new UsageError('policy takes: check FILE, or show')
}
