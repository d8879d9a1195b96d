/**
 * Devices that speak to a node without a person: a sensor, a pump. They run EDHOC method 3 (both ends with static Diffie-Hellman
 * keys) and suite 2, which small devices have, and are known to the node by a key each, registered by its administrator.
 */
import { toHex } from '../protocol/bytes.ts'
import type { Crypto } from '../protocol/crypto.ts'
import { type Authenticator, type Ccs, encodeCcs, kidCredential, type PeerCredential } from '../protocol/edhoc/credentials.ts'
import type { CredentialReference } from '../protocol/edhoc/items.ts'

export interface KnownDevice {
  /** As devices are named on the wire; several may share one. */
  readonly kid: Uint8Array
  /** CRED_I: the encoded CWT Claims Set with the device's P-256 key. */
  readonly ccs: Uint8Array
  /** x || y of that key. */
  readonly publicKey: Uint8Array
  /** What the service knows it by, in the place of a person's pseudonym. */
  readonly name: string
  readonly scopes: readonly string[]
}

export interface DeviceAccess {
  /** The node's own static Diffie-Hellman key for them, P-256. */
  readonly privateKey: Uint8Array
  readonly kid: Uint8Array
  readonly known: readonly KnownDevice[]
}

export interface Devices {
  readonly own: Authenticator
  /** Those that message_3 may come from. */
  candidates(reference: CredentialReference): readonly (KnownDevice & { readonly credential: PeerCredential })[]
}

/** What the node is to its devices: CRED_R, the same bytes that they must be given. */
export function nodeCcs(crypto: Crypto, node: string, access: Pick<DeviceAccess, 'privateKey' | 'kid'>): Uint8Array {
  return encodeCcs(ccsOf(crypto, node, access))
}

function ccsOf(crypto: Crypto, node: string, { privateKey, kid }: Pick<DeviceAccess, 'privateKey' | 'kid'>): Ccs {
  return { subject: node, group: 'P-256', publicKey: crypto.publicKey('P-256', privateKey), kid }
}

export function createDevices(crypto: Crypto, node: string, access: DeviceAccess): Devices {
  const ccs = ccsOf(crypto, node, access)
  const known = access.known.map((device) => ({
    ...device,
    credential: { cred: device.ccs, publicKey: device.publicKey },
  }))
  return {
    own: {
      kind: 'static-dh',
      credential: kidCredential(access.kid, encodeCcs(ccs), ccs.publicKey),
      agree: async (publicKey) => crypto.sharedSecret('P-256', access.privateKey, publicKey),
    },
    candidates(reference) {
      switch (reference.kind) {
        case 'kid':
          return known.filter(({ kid }) => toHex(kid) === toHex(reference.kid))
        case 'kccs':
          return known.filter(({ ccs }) => toHex(ccs) === toHex(reference.cred))
        case 'x5t':
        case 'x5chain':
        case 'kcwt':
          return []
        default:
          return reference satisfies never
      }
    },
  }
}
