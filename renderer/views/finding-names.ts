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
