/** `invite --node`, `nodes`, `nodes withdraw`. */
import * as v from 'valibot'
import { nodeNameSchema, type ScopeRule, scopeRuleSchema } from '../../protocol/messages/service.ts'
import type { Registry } from '../registry/context.ts'
import { DEFAULT_TOKEN_MS } from '../tokens/issue.ts'
import { inviteNode } from '../tokens/nodes.ts'
import { type Output, text, UsageError, type Values, wholeNumber } from './common.ts'
import { table, when } from './table.ts'

/** "record.read,record.note=desk": a scope, and the role that an operator at the desk must have for it. */
function scopesOf(values: Values): ScopeRule[] {
  const given = text(values, 'scopes')
  if (given === undefined || given === '') throw new UsageError('--node needs --scopes SCOPE[=ROLE],...')
  return given.split(',').map((entry) => {
    const [scope, role, ...more] = entry.split('=')
    const rule = v.safeParse(scopeRuleSchema, role === undefined ? { scope } : { scope, role })
    if (!rule.success || more.length > 0)
      throw new UsageError(`--scopes takes SCOPE or SCOPE=ROLE (desk, registrar, supervisor): ${entry}`)
    return rule.output
  })
}

export async function inviteNodeCommand(registry: Registry, name: string, values: Values, output: Output): Promise<number> {
  if (!v.is(nodeNameSchema, name)) throw new UsageError('--node takes a name of lower case letters, digits, dots and hyphens')
  for (const other of ['site', 'first-operator'])
    if (other in values) throw new UsageError(`--${other} is for terminals: not with --node`)
  const validMs = wholeNumber(values, 'hours', 24, 1, 24 * 30) * 3_600_000
  const tokenMs = wholeNumber(values, 'minutes', DEFAULT_TOKEN_MS / 60_000, 1, 60) * 60_000
  const made = await inviteNode(registry, { name, scopes: scopesOf(values), tokenMs, validMs })
  if (made === undefined) {
    output(`${name} was withdrawn: its name is not given again.`, { outcome: 'withdrawn' })
    return 1
  }
  const until = new Date(made.expiresAt).toISOString()
  output(`Give this code to the service "${name}" before ${until}:\n\n  ${made.code}\n`, {
    invitation: made.code,
    expiresAt: until,
  })
  return 0
}

export async function listNodes({ store }: Registry, output: Output): Promise<number> {
  const nodes = await store.read((reader) => reader.nodes())
  const words = ({ scope, role }: ScopeRule) => (role === undefined ? scope : `${scope}=${role}`)
  output(
    table(
      ['NAME', 'STATE', 'SCOPES', 'MINUTES', 'ENROLLED', 'SEEN', 'ID'],
      nodes.map((n) => [
        n.name,
        n.state,
        n.scopes.map(words).join(','),
        String(n.tokenMs / 60_000),
        when(n.enrolledAt),
        when(n.seenAt),
        n.id ?? '-',
      ]),
    ),
    nodes.map(({ name, state, scopes, tokenMs, id, enrolledAt, seenAt }) => ({
      name,
      state,
      scopes,
      minutes: tokenMs / 60_000,
      id,
      enrolledAt,
      seenAt,
    })),
  )
  return 0
}
