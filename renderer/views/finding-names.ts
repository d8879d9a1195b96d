/** The kinds of findings that this window has words for; a newer gateway may know more. */
import type { FindingKind } from '../../electron/contract/snapshot.ts'
import type { Texts } from '../locales/texts.ts'

export const FINDING_KINDS = [
  'brute-force-pin',
  'brute-force-handshake',
  'replay',
  'injection',
  'delay',
  'clone',
  'flooding',
] as const satisfies readonly FindingKind[]

export const isFindingKind = (kind: string | undefined): kind is FindingKind =>
  (FINDING_KINDS as readonly (string | undefined)[]).includes(kind)

/** What was found, as part of a sentence. */
export function findingName({ text }: Texts, kind: string | undefined): string {
  return text(`finding.${isFindingKind(kind) ? kind : 'other'}`)
}

/** What the rules of this gateway's version tell beside a finding (gateway/findings/rules/). */
const EVIDENCE = [
  'how',
  'failures',
  'withinMs',
  'wrongPins',
  'retriesLeft',
  'wrongPinsAtTerminal',
  'otherTerminal',
  'otherSite',
  'tookMs',
  'neededMs',
  'messages',
  'logins',
  'class',
  'operation',
  'field',
  'length',
  'verdict',
  'events',
  'lateMs',
  'deviations',
  'exchanges',
] as const

/** One piece of evidence in words; a name that this window does not know stands as the gateway says it. */
export function evidenceText({ text, duration }: Texts, name: string, value: string | number | boolean): string {
  const known = EVIDENCE.find((one) => one === name)
  if (known === undefined) return `${name} ${String(value)}`
  if (typeof value === 'boolean') return text(`evidence.${known}`, { value: String(value) })
  return text(`evidence.${known}`, { value: typeof value === 'number' && name.endsWith('Ms') ? duration(value) : value })
}
