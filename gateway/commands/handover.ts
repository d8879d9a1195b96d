/** `handover-keys`: what programs on the desks verify the tokens of logins with. */
import { toHex } from '../../protocol/bytes.ts'
import { gatewayUri } from '../../protocol/messages/service.ts'
import type { Registry } from '../registry/context.ts'
import type { Output } from './common.ts'

/** A JWK Set, and beside its keys the issuer that tokens name: RFC 7517 section 5 lets more members stand there. */
export function handoverKeysCommand({ authority, handoverKeys }: Registry, output: Output): number {
  const set = { issuer: gatewayUri(toHex(authority.rootFingerprint)), keys: [handoverKeys.publicKey] }
  output(JSON.stringify(set, null, 2), set)
  return 0
}
