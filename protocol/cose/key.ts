/** COSE_Key (RFC 9052 section 7) with a public key on the curves in use (RFC 9053 section 7.1). */
import type { Group } from '../crypto.ts'
import { asHeaderMap, type HeaderMap } from './headers.ts'

export type KeyCurve = Group | 'Ed25519'

export interface PublicCoseKey {
  readonly group: KeyCurve
  /** As in protocol/crypto.ts. */
  readonly publicKey: Uint8Array
  readonly kid?: Uint8Array
}

/** kty is 1 (OKP) or 2 (EC2), crv the curve; bytes of one coordinate (RFC 9053 table 18). */
const curves = {
  'P-256': { kty: 2, crv: 1, length: 32 },
  'P-384': { kty: 2, crv: 2, length: 48 },
  X25519: { kty: 1, crv: 4, length: 32 },
  Ed25519: { kty: 1, crv: 6, length: 32 },
} as const satisfies Record<KeyCurve, unknown>

/** RFC 9052 section 7.1, RFC 9053 sections 7.1.1 and 7.2. */
const label = { kty: 1, kid: 2, crv: -1, x: -2, y: -3 } as const

export function coseKeyOf({ group, publicKey, kid }: PublicCoseKey): HeaderMap {
  const { kty, crv, length } = curves[group]
  const key = new Map<number, unknown>([
    [label.kty, kty],
    [label.crv, crv],
    [label.x, publicKey.slice(0, length)],
  ])
  if (kid !== undefined) key.set(label.kid, kid)
  if (kty === 2) key.set(label.y, publicKey.slice(length))
  return key
}

/** Reads a decoded COSE_Key; undefined for another kind of key and for one that is not whole. Other parameters are let be. */
export function parseCoseKey(value: unknown): PublicCoseKey | undefined {
  const key = asHeaderMap(value)
  if (key === undefined) return undefined
  for (const group of ['P-256', 'P-384', 'X25519', 'Ed25519'] as const) {
    const { kty, crv, length } = curves[group]
    if (key.get(label.kty) !== kty || key.get(label.crv) !== crv) continue
    const parts = kty === 2 ? [key.get(label.x), key.get(label.y)] : [key.get(label.x)]
    const publicKey = new Uint8Array(parts.length * length)
    for (const [i, part] of parts.entries()) {
      if (!(part instanceof Uint8Array) || part.length !== length) return undefined
      publicKey.set(part, i * length)
    }
    const kid = key.get(label.kid)
    if (kid === undefined) return { group, publicKey }
    return kid instanceof Uint8Array ? { group, publicKey, kid } : undefined
  }
  return undefined
}
