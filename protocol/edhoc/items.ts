/** The items that EDHOC messages are made of: identifiers, ID_CRED, EAD (RFC 9528 sections 3.3.2, 3.5.3 and 3.8). */
import { concat } from '../bytes.ts'
import { decode, encode, isTextMap } from '../cbor.ts'
import { asHeaderMap, type HeaderMap, header } from '../cose/headers.ts'
import { EdhocError, malformed } from './errors.ts'

/**
 * bstr_identifier (RFC 9528 section 3.3.2): a byte string that is itself the one-byte encoding of an integer travels as
 * that integer, any other one as a byte string.
 */
export function encodeIdentifier(identifier: Uint8Array): Uint8Array {
  const [byte] = identifier
  return identifier.length === 1 && isOneByteInteger(byte as number) ? identifier.slice() : encode(identifier)
}

function isOneByteInteger(byte: number): boolean {
  return byte <= 0x17 || (byte >= 0x20 && byte <= 0x37)
}

/** Undefined for what is no identifier; 410e is none, for 0e is due. */
export function parseIdentifier(item: unknown): Uint8Array | undefined {
  if (item instanceof Uint8Array) return item.length === 1 && isOneByteInteger(item[0] as number) ? undefined : item
  if (typeof item === 'number' && Number.isInteger(item) && item >= -24 && item <= 23) return encode(item)
  return undefined
}

/** How a peer names its credential, for the application to fetch it by. */
export type CredentialReference =
  /** Not unique (RFC 9052 section 3.1): several credentials may have to be tried. */
  | { readonly kind: 'kid'; readonly kid: Uint8Array }
  /** COSE_CertHash (RFC 9360 section 2). */
  | { readonly kind: 'x5t'; readonly algorithm: number; readonly digest: Uint8Array }
  /** DER certificates, the end entity's first (RFC 9360 section 2). Nobody has validated them. */
  | { readonly kind: 'x5chain'; readonly certificates: readonly Uint8Array[] }
  /** A CWT Claims Set by value (RFC 9528 section 3.5.3.1), signed by nobody; `cred` is CRED_x. */
  | { readonly kind: 'kccs'; readonly cred: Uint8Array; readonly claims: HeaderMap }
  /** A CWT by value (RFC 9528 section 3.5.3.1), not yet verified; `cred` is CRED_x, the untagged CWT (section 3.5.2). */
  | { readonly kind: 'kcwt'; readonly cred: Uint8Array }

export interface IdCred {
  /** ID_CRED_x as it goes into the contexts: always a map, `{4: bstr}` for a kid. */
  readonly bytes: Uint8Array
  readonly reference: CredentialReference
}

/** ID_CRED_x as encoded map. Throws a CborError or an EdhocError ('unsupported-credential'). */
export function parseIdCred(bytes: Uint8Array): IdCred {
  return { bytes, reference: parseReference(asHeaderMap(decode(bytes))) }
}

function parseReference(map: HeaderMap | undefined): CredentialReference {
  const unsupported = new EdhocError({ kind: 'unsupported-credential' })
  if (map === undefined || map.size !== 1) throw unsupported
  const [label, value] = [...map][0] as [unknown, unknown]
  switch (label) {
    case header.kid:
      if (value instanceof Uint8Array) return { kind: 'kid', kid: value }
      throw unsupported
    case header.x5t: {
      const [algorithm, digest] = Array.isArray(value) && value.length === 2 ? (value as unknown[]) : []
      if (typeof algorithm === 'number' && digest instanceof Uint8Array) return { kind: 'x5t', algorithm, digest }
      throw unsupported
    }
    case header.x5chain: {
      // COSE_X509 = bstr / [2* bstr]
      if (value instanceof Uint8Array) return { kind: 'x5chain', certificates: [value] }
      if (Array.isArray(value) && value.length >= 2 && value.every((item) => item instanceof Uint8Array)) {
        return { kind: 'x5chain', certificates: value as Uint8Array[] }
      }
      throw unsupported
    }
    case header.kccs: {
      const claims = asHeaderMap(value)
      if (claims !== undefined) return { kind: 'kccs', cred: encode(claims), claims }
      throw unsupported
    }
    case header.kcwt:
      // Whether it is a COSE message at all is for whoever verifies it to say (protocol/cwt.ts).
      if (Array.isArray(value)) return { kind: 'kcwt', cred: encode(value) }
      throw unsupported
    default:
      throw unsupported
  }
}

/** ID_CRED_x as it stands in PLAINTEXT_2 and PLAINTEXT_3: a lone kid without its map (RFC 9528 section 3.5.3.2). */
export function encodeCompactIdCred(idCred: IdCred): Uint8Array {
  return idCred.reference.kind === 'kid' ? encodeIdentifier(idCred.reference.kid) : idCred.bytes
}

/** The reverse. A map with nothing but a kid, and 4132 for 32, are malformed. Throws an EdhocError. */
export function parseCompactIdCred(message: 2 | 3, item: unknown): IdCred {
  if (item instanceof Map || isTextMap(item)) {
    const reference = parseReference(asHeaderMap(item))
    if (reference.kind === 'kid') throw malformed(message, 'kid in a map')
    return { bytes: encode(item), reference }
  }
  const kid = parseIdentifier(item)
  if (kid === undefined) throw malformed(message, 'ID_CRED')
  return { bytes: encode(new Map([[header.kid, kid]])), reference: { kind: 'kid', kid } }
}

/** External authorization data (RFC 9528 section 3.8). A negative label makes the item critical; 0 is padding. */
export interface EadItem {
  readonly label: number
  readonly value?: Uint8Array
}

/** IANA "EDHOC External Authorization Data": labels up to 65535, the last half of them for private use. */
const maxEadLabel = 65535

/** `length` bytes of padding (RFC 9528 section 3.8.1) as EAD items; the bytes are random. */
export function paddingItems(randomBytes: (length: number) => Uint8Array, length: number): EadItem[] {
  // Label and a value of n bytes take 2 + n bytes for n < 24, then 3 + n, then 4 + n; 26 and 259 need a second item.
  if (length <= 0) return []
  if (length === 1) return [{ label: 0 }]
  if (length <= 25) return [{ label: 0, value: randomBytes(length - 2) }]
  if (length === 26) return [{ label: 0 }, { label: 0, value: randomBytes(23) }]
  if (length <= 258) return [{ label: 0, value: randomBytes(length - 3) }]
  if (length === 259) return [{ label: 0 }, { label: 0, value: randomBytes(255) }]
  if (length <= 0x10003) return [{ label: 0, value: randomBytes(length - 4) }]
  throw new RangeError('padding beyond 65539 bytes')
}

/** Throws a RangeError for a label out of range. */
export function encodeEad(items: readonly EadItem[]): Uint8Array {
  return concat(
    ...items.map(({ label, value }) => {
      if (!Number.isInteger(label) || Math.abs(label) > maxEadLabel) throw new RangeError(`EAD label ${label} out of range`)
      return value === undefined ? encode(label) : concat(encode(label), encode(value))
    }),
  )
}

export interface ParsedEad {
  /** The whole field as it goes into the MAC: padding and unknown items count. */
  readonly bytes: Uint8Array
  /** Without padding. */
  readonly items: readonly EadItem[]
}

/** Reads the rest of a message. Throws an EdhocError: 'malformed', or 'critical-ead' where |label| is not in `known`. */
export function parseEad(message: 1 | 2 | 3 | 4, rest: readonly unknown[], known: readonly number[]): ParsedEad {
  const items: EadItem[] = []
  for (let i = 0; i < rest.length; i += 1) {
    const label = rest[i]
    if (typeof label !== 'number' || !Number.isInteger(label) || Math.abs(label) > maxEadLabel) throw malformed(message, 'EAD')
    const value = rest[i + 1]
    if (value instanceof Uint8Array) {
      items.push({ label, value })
      i += 1
    } else items.push({ label })
  }
  const unknown = items.find(({ label }) => label < 0 && !known.includes(-label))
  if (unknown !== undefined) throw new EdhocError({ kind: 'critical-ead', label: unknown.label })
  return { bytes: encodeEad(items), items: items.filter(({ label }) => label !== 0) }
}
