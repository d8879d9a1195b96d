/** The nodes part of the store on SQLite. */
import { type Database, select, type Value } from './database.ts'
import type { EnrolledNode, NodeReader, NodeWriter, ServiceNode, Token, TokensOf } from './nodes.ts'
import { toNode, toTokenName } from './rows.ts'
import { SqlitePlaces } from './sqlite-places.ts'

export class SqliteNodes extends SqlitePlaces implements NodeReader, NodeWriter {
  readonly #database: Database
  constructor(database: Database) {
    super(database)
    this.#database = database
  }

  #node(condition: string, value: Value): ServiceNode | undefined {
    const row = this.#database.one(select('nodes', condition), [value])
    return row === undefined ? undefined : toNode(row)
  }

  async node(name: string): Promise<ServiceNode | undefined> {
    return this.#node('name = ?', name)
  }

  async nodeById(id: string): Promise<EnrolledNode | undefined> {
    return enrolled(this.#node('id = ?', id))
  }

  async nodeByInvitation(invitation: Uint8Array): Promise<ServiceNode | undefined> {
    return this.#node('invitation = ?', invitation)
  }

  async nodeByConnection(connection: Uint8Array): Promise<EnrolledNode | undefined> {
    return enrolled(this.#node('connection = ?', connection))
  }

  async nodes(): Promise<ServiceNode[]> {
    return this.#database.all(`${select('nodes', 'TRUE')} ORDER BY name`, []).map(toNode)
  }

  async liveTokens(session: Uint8Array, now: number): Promise<number> {
    const sql = 'SELECT count(*) AS live FROM tokens WHERE session = ? AND revoked_at IS NULL AND expires_at > ?'
    return Number(this.#database.one(sql, [session, now])?.live)
  }

  async revokedTokens(audience: string, now: number, limit: number): Promise<Uint8Array[]> {
    const sql = `SELECT id, audience FROM tokens WHERE audience = ? AND revoked_at IS NOT NULL AND expires_at > ?
      ORDER BY revoked_at DESC, id LIMIT ?`
    return this.#database.all(sql, [audience, now, limit]).map((row) => toTokenName(row).id)
  }

  async unannouncedTokens(now: number, limit: number): Promise<Pick<Token, 'id' | 'audience'>[]> {
    const sql = `SELECT id, audience FROM tokens WHERE revoked_at IS NOT NULL AND announced_at IS NULL AND expires_at > ? LIMIT ?`
    return this.#database.all(sql, [now, limit]).map(toTokenName)
  }

  async insertNode(node: ServiceNode): Promise<void> {
    this.#database.insert('nodes', { ...node, scopes: JSON.stringify(node.scopes) })
  }

  async updateNode(name: string, changes: Partial<Omit<ServiceNode, 'name'>>): Promise<void> {
    const { scopes, ...rest } = changes
    this.#database.update('nodes', 'name', name, {
      ...rest,
      ...(scopes === undefined ? {} : { scopes: JSON.stringify(scopes) }),
    })
  }

  async insertToken(token: Token): Promise<void> {
    this.#database.insert('tokens', token)
  }

  async revokeTokens(of: TokensOf, at: number): Promise<number> {
    const [condition, values] = conditionOf(of)
    const live = `revoked_at IS NULL AND expires_at > ? AND ${condition}`
    const found = this.#database.one(`SELECT count(*) AS live FROM tokens WHERE ${live}`, [at, ...values])
    const count = Number(found?.live)
    if (count > 0) this.#database.run(`UPDATE tokens SET revoked_at = ? WHERE ${live}`, [at, at, ...values])
    return count
  }

  async tokensAnnounced(ids: readonly Uint8Array[], at: number): Promise<void> {
    for (const id of ids) this.#database.run('UPDATE tokens SET announced_at = ? WHERE id = ?', [at, id])
  }

  async forgetTokens(before: number): Promise<void> {
    this.#database.run('DELETE FROM tokens WHERE expires_at < ?', [before])
  }
}

function conditionOf(of: TokensOf): readonly [string, readonly Value[]] {
  if ('session' in of) return ['(session = ? OR operator = ?)', [of.session, of.session]]
  if ('guid' in of) return ['guid = ?', [of.guid]]
  if ('holder' in of) return ['holder = ?', [of.holder]]
  if ('terminal' in of) return ['terminal = ?', [of.terminal]]
  return ['node = ?', [of.node]]
}

function enrolled(node: ServiceNode | undefined): EnrolledNode | undefined {
  if (node === undefined) return undefined
  const { id, fingerprint, publicKey, certificate } = node
  return id !== undefined && fingerprint !== undefined && publicKey !== undefined && certificate !== undefined
    ? { ...node, id, fingerprint, publicKey, certificate }
    : undefined
}
