/** SELECT, GET DATA and PUT DATA (NIST SP 800-73-5 part 2 sections 3.1.1, 3.1.2 and 3.3.1). */

import { concat, fromHex, utf8 } from '../../protocol/bytes.ts'
import { decodeFirstTlv, decodeTlv, encodeTag, encodeTlv } from '../../protocol/tlv.ts'
import { type CommandHandler, expectP1P2, NOTHING, Refusal, SW } from './context.ts'

/** SP 800-73-5 part 1 section 2.2: the PIV card application. */
const PIV_AID = fromHex('a000000308000010000100')
const RID_BYTES = 5

/** Tells every program, before any PIN, that this card is a simulated one. */
const APPLICATION_LABEL = 'Tessera simulated PIV card'

const DISCOVERY = 0x7e
/** SP 800-73-5 part 1 section 3.1: these are read after VERIFY only: fingerprints, facial image, printed information, iris. */
const PIN_PROTECTED: ReadonlySet<number> = new Set([0x5fc103, 0x5fc108, 0x5fc109, 0x5fc121])
const OBJECT_MAX = 8192

/** True where the AID is the application's or its beginning. */
export function isPivAid(aid: Uint8Array): boolean {
  return aid.length >= RID_BYTES && aid.length <= PIV_AID.length && aid.every((byte, i) => byte === PIV_AID[i])
}

/** Table 4: the application property template. */
export function applicationPropertyTemplate(): Uint8Array {
  const algorithm = (id: number) => encodeTlv(0x80, Uint8Array.of(id))
  return encodeTlv(
    0x61,
    encodeTlv(0x4f, PIV_AID.subarray(RID_BYTES)),
    encodeTlv(0x79, encodeTlv(0x4f, PIV_AID.subarray(0, RID_BYTES))),
    encodeTlv(0x50, utf8(APPLICATION_LABEL)),
    encodeTlv(0xac, ...[0x03, 0x08, 0x0a, 0x0c, 0x11, 0x14].map(algorithm), encodeTlv(0x06, Uint8Array.of(0))),
  )
}

export const getData: CommandHandler = (context, command) => {
  expectP1P2(command, 0x3f, 0xff)
  const tag = tagOf(decodeTlv(command.data, 0x5c))
  if (tag === DISCOVERY) return discoveryObject()
  const value = context.state.objects.get(tag)
  if (PIN_PROTECTED.has(tag) && !context.session.pinVerified) throw new Refusal(SW.securityNotSatisfied)
  if (value === undefined) throw new Refusal(SW.notFound)
  return encodeTlv(0x53, value)
}

export const putData: CommandHandler = (context, command) => {
  expectP1P2(command, 0x3f, 0xff)
  if (!context.session.managementAuthenticated) throw new Refusal(SW.securityNotSatisfied)
  const { object, rest } = decodeFirstTlv(command.data)
  if (object.tag !== 0x5c) throw new Refusal(SW.wrongData)
  const tag = tagOf(object.value)
  // PIV's own objects and those that Yubico's software keeps beside them.
  if (tag >>> 8 !== 0x5fc1 && tag >>> 8 !== 0x5fff) throw new Refusal(SW.notFound)
  const value = decodeTlv(rest, 0x53)
  if (value.length > OBJECT_MAX) throw new Refusal(SW.noRoom)
  const objects = new Map(context.state.objects)
  if (value.length === 0) objects.delete(tag)
  else objects.set(tag, Uint8Array.from(value))
  context.commit({ objects })
  return NOTHING
}

/** SP 800-73-5 part 1 section 3.3.2: the AID, and that the application PIN alone satisfies the access rules. */
function discoveryObject(): Uint8Array {
  return encodeTlv(DISCOVERY, encodeTlv(0x4f, PIV_AID), encodeTlv(0x5f2f, Uint8Array.of(0x40, 0x00)))
}

function tagOf(bytes: Uint8Array): number {
  if (bytes.length < 1 || bytes.length > 3) throw new Refusal(SW.wrongData)
  const tag = bytes.reduce((number, byte) => (number << 8) | byte, 0)
  try {
    // Only the encoding that a tag really has names an object.
    if (concat(encodeTag(tag)).length === bytes.length) return tag
  } catch {
    // no tag at all
  }
  throw new Refusal(SW.wrongData)
}
