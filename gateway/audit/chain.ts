/**
 * The audit log: entries chained by hashes, written in the transaction of what they tell.
 *
 *   entry_n = CBOR [n, time, event, details]         deterministic, RFC 8949 section 4.2.1
 *   hash_n  = SHA-256(hash_(n-1) || entry_n)         hash_0 = 32 zero bytes
 *   head    = (n, hash_n, HMAC-SHA-256(key, CBOR [n, hash_n]))
 *
 * Changing, removing or reordering an entry breaks the chain from there on; rewriting all of it, or cutting off its end,
 * needs the key of the head. Whoever can put back an older copy of the whole store is not found by this: for that the
 * head that `audit verify` prints is to be kept elsewhere (docs/operations.md).
 */
import { concat, equalConstantTime } from '../../protocol/bytes.ts'
import { encode } from '../../protocol/cbor.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import type { AuditHead, StoreReader, StoreTransaction } from '../store/store.ts'
import type { AuditEvent } from './events.ts'

const START = new Uint8Array(32)
const PAGE = 1000

export type AuditVerdict =
  | { readonly kind: 'intact'; readonly entries: number; readonly hash: Uint8Array }
  /** The first entry that does not fit; everything before it does. */
  | { readonly kind: 'broken'; readonly sequence: number; readonly reason: 'missing' | 'changed' }
  /** The entries fit each other, but not the authenticated head: some were cut off or all were rewritten. */
  | { readonly kind: 'head-mismatch'; readonly entries: number }

export class Audit {
  readonly #crypto: Crypto
  readonly #key: Uint8Array

  constructor(crypto: Crypto, key: Uint8Array) {
    this.#crypto = crypto
    this.#key = key
  }

  async append(transaction: StoreTransaction, at: number, { event, ...details }: AuditEvent): Promise<void> {
    const head = await transaction.auditHead()
    const sequence = (head?.sequence ?? 0) + 1
    const entry = encode([sequence, at, event, details])
    const hash = this.#hash(head?.hash ?? START, entry)
    await transaction.appendAudit({ sequence, entry, hash }, { sequence, hash, mac: this.#mac(sequence, hash) })
  }

  async verify(reader: StoreReader): Promise<AuditVerdict> {
    let hash: Uint8Array = START
    let sequence = 0
    for (;;) {
      const page = await reader.audit(sequence, PAGE)
      for (const record of page) {
        if (record.sequence !== sequence + 1) return { kind: 'broken', sequence: sequence + 1, reason: 'missing' }
        sequence += 1
        hash = this.#hash(hash, record.entry)
        if (!equalConstantTime(hash, record.hash)) return { kind: 'broken', sequence, reason: 'changed' }
      }
      if (page.length < PAGE) break
    }
    return this.#fits(await reader.auditHead(), sequence, hash)
      ? { kind: 'intact', entries: sequence, hash }
      : { kind: 'head-mismatch', entries: sequence }
  }

  #fits(head: AuditHead | undefined, sequence: number, hash: Uint8Array): boolean {
    if (head === undefined) return sequence === 0
    return (
      head.sequence === sequence && equalConstantTime(head.hash, hash) && equalConstantTime(head.mac, this.#mac(sequence, hash))
    )
  }

  #hash(previous: Uint8Array, entry: Uint8Array): Uint8Array {
    return this.#crypto.hash('SHA-256', concat(previous, entry))
  }

  #mac(sequence: number, hash: Uint8Array): Uint8Array {
    return this.#crypto.hmac('SHA-256', this.#key, encode([sequence, hash]))
  }
}
