/** Rows of the database as records: nothing that was read is taken on trust, a damaged file is found here. */
import * as v from 'valibot'
import { FINDING_KINDS, LAYERS, RESPONSES, SEVERITIES } from '../../protocol/messages/finding-operations.ts'
import { blockCauseSchema } from '../../protocol/messages/notices.ts'
import { ROLES } from '../../protocol/messages/operations.ts'
import { scopeRuleSchema } from '../../protocol/messages/service.ts'
import type { FindingsOfHour, ListedFinding } from './findings.ts'
import type { ServiceNode, Token } from './nodes.ts'
import type { SeenCard, SeenReader, TerminalPresence } from './places.ts'
import {
  type AuditEntry,
  type AuditHead,
  type BlockChange,
  type Card,
  type CardCertificate,
  type Holder,
  type Invitation,
  type Login,
  type Registration,
  SESSION_ENDS,
  type Session,
  StoreError,
  type Terminal,
} from './store.ts'

const bytes = v.instance(Uint8Array)
const integer = v.pipe(v.number(), v.safeInteger())
const flag = v.pipe(
  v.picklist([0, 1]),
  v.transform((value) => value === 1),
)
const optional = <S extends v.GenericSchema>(schema: S) =>
  v.pipe(
    v.nullable(schema),
    v.transform((value) => value ?? undefined),
  )
const role = optional(v.picklist(ROLES))

const holderRow = v.object({
  id: bytes,
  givenName: v.string(),
  familyName: v.string(),
  reference: v.string(),
  role,
  state: v.picklist(['active', 'suspended']),
  registeredAt: integer,
})
const cardRow = v.object({
  guid: bytes,
  holder: bytes,
  state: v.picklist(['pending', 'active', 'blocked', 'withdrawn']),
  linked: flag,
  simulated: flag,
  serial: optional(integer),
  registeredAt: integer,
  expiresAt: integer,
  managementKeyAlgorithm: v.picklist(['3DES', 'AES-128', 'AES-192', 'AES-256']),
  sealedSecrets: optional(bytes),
  freshSecrets: optional(bytes),
  presenceKey: optional(bytes),
})
const certificateRow = v.object({
  fingerprint: bytes,
  guid: bytes,
  algorithm: v.picklist(['ES256', 'ES384']),
  publicKey: bytes,
  certificate: bytes,
  valid: flag,
})
const terminalRow = v.object({
  id: v.string(),
  site: v.string(),
  state: v.picklist(['active', 'blocked', 'withdrawn']),
  enrolledAt: integer,
  fingerprint: bytes,
  publicKey: bytes,
  certificate: bytes,
  invitation: bytes,
  mayRegisterFirstOperator: flag,
  connection: optional(bytes),
  seenAt: optional(integer),
})
const invitationRow = v.object({
  id: bytes,
  site: v.string(),
  mayRegisterFirstOperator: flag,
  createdAt: integer,
  expiresAt: integer,
  terminal: optional(v.string()),
})
const registrationRow = v.object({
  id: bytes,
  kind: v.picklist(['registration', 'unblocking']),
  guid: bytes,
  holder: bytes,
  terminal: v.string(),
  registrar: optional(bytes),
  role,
  state: v.picklist(['open', 'done', 'abandoned']),
  startedAt: integer,
})
const loginRow = v.object({
  session: bytes,
  holder: bytes,
  guid: bytes,
  terminal: v.string(),
  site: v.string(),
  purpose: v.picklist(['holder', 'operator', 'registration', 'approval']),
  begunAt: optional(integer),
  at: integer,
  endedAt: optional(integer),
  ended: optional(v.picklist(SESSION_ENDS)),
})
const blockChangeRow = v.object({
  version: integer,
  guid: bytes,
  blocked: flag,
  at: integer,
  notice: optional(bytes),
  cause: optional(blockCauseSchema),
  finding: optional(v.string()),
})
const presenceRow = v.object({
  terminal: v.string(),
  connectedAt: integer,
  revision: integer,
  online: flag,
  seenAt: integer,
})
const whereabouts = { terminal: v.string(), site: v.string(), online: flag, terminalSeenAt: integer }
const seenReaderRow = v.object({
  ...whereabouts,
  reader: v.string(),
  simulated: flag,
  state: v.picklist(['empty', 'card', 'mute', 'in-use']),
  card: optional(bytes),
  since: integer,
  seenAt: integer,
  attached: flag,
})
const seenCardRow = v.object({
  ...whereabouts,
  guid: bytes,
  reader: v.string(),
  since: integer,
  seenAt: integer,
  simulated: flag,
  state: v.picklist(['empty', 'card', 'mute', 'in-use']),
  present: flag,
})
const sessionRow = v.object({
  terminal: v.string(),
  purpose: loginRow.entries.purpose,
  at: integer,
  endedAt: optional(integer),
  cardState: cardRow.entries.state,
  /** The holder's. */
  id: holderRow.entries.id,
  role: holderRow.entries.role,
  state: holderRow.entries.state,
})
const nodeRow = v.object({
  name: v.string(),
  state: v.picklist(['invited', 'active', 'withdrawn']),
  scopes: v.pipe(v.string(), v.parseJson(), v.array(scopeRuleSchema)),
  tokenMs: integer,
  invitation: bytes,
  invitedAt: integer,
  invitationExpiresAt: integer,
  invitationUsed: flag,
  id: optional(v.string()),
  fingerprint: optional(bytes),
  publicKey: optional(bytes),
  certificate: optional(bytes),
  enrolledAt: optional(integer),
  connection: optional(bytes),
  seenAt: optional(integer),
})
const tokenNameRow = v.object({ id: bytes, audience: v.string() })
const findingRow = v.object({
  sequence: integer,
  id: bytes,
  at: integer,
  lastAt: integer,
  occurrences: integer,
  kind: v.picklist(FINDING_KINDS),
  layer: v.picklist(LAYERS),
  severity: v.picklist(SEVERITIES),
  response: v.picklist(RESPONSES),
  own: flag,
  terminal: v.string(),
  site: v.string(),
  card: optional(bytes),
  evidence: v.pipe(v.string(), v.parseJson(), v.record(v.string(), v.union([v.string(), v.number(), v.boolean()]))),
})
const findingsOfHourRow = v.object({ at: integer, kind: v.picklist(FINDING_KINDS), count: integer })
const terminalNameRow = v.object({ terminal: v.string() })
const timingsRow = v.object({ history: bytes })
const auditRow = v.object({ sequence: integer, entry: bytes, hash: bytes })
const auditHeadRow = v.object({ sequence: integer, hash: bytes, mac: bytes })

function reader<S extends v.GenericSchema>(schema: S): (row: unknown) => v.InferOutput<S> {
  return (row) => {
    const parsed = v.safeParse(schema, row)
    if (!parsed.success) throw new StoreError('damaged', { cause: parsed.issues[0] })
    return parsed.output
  }
}

export const toHolder: (row: unknown) => Holder = reader(holderRow)
export const toCard: (row: unknown) => Card = reader(cardRow)
export const toCertificate: (row: unknown) => CardCertificate = reader(certificateRow)
export const toTerminal: (row: unknown) => Terminal = reader(terminalRow)
export const toInvitation: (row: unknown) => Invitation = reader(invitationRow)
export const toRegistration: (row: unknown) => Registration = reader(registrationRow)
export const toLogin: (row: unknown) => Login = reader(loginRow)
export const toBlockChange: (row: unknown) => BlockChange = reader(blockChangeRow)
export const toPresence: (row: unknown) => TerminalPresence = reader(presenceRow)
export const toSeenReader: (row: unknown) => SeenReader = reader(seenReaderRow)
export const toSeenCard: (row: unknown) => SeenCard = reader(seenCardRow)
const toSessionFacts = reader(sessionRow)
export function toSession(row: unknown): Session {
  const { id, role, state, ...facts } = toSessionFacts(row)
  return { ...facts, holder: { id, role, state } }
}
export const toNode: (row: unknown) => ServiceNode = reader(nodeRow)
export const toTokenName: (row: unknown) => Pick<Token, 'id' | 'audience'> = reader(tokenNameRow)
export const toFinding: (row: unknown) => ListedFinding = reader(findingRow)
export const toFindingsOfHour: (row: unknown) => FindingsOfHour = reader(findingsOfHourRow)
export const toTerminalName: (row: unknown) => { readonly terminal: string } = reader(terminalNameRow)
export const toTimings: (row: unknown) => { readonly history: Uint8Array } = reader(timingsRow)
export const toAuditEntry: (row: unknown) => AuditEntry = reader(auditRow)
export const toAuditHead: (row: unknown) => AuditHead = reader(auditHeadRow)
