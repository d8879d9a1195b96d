/**
 * The PIV card edge (NIST SP 800-73-5 part 2): one command, one short method. Every method rejects with a PivError, or with
 * what the channel rejects with; an ApduError or TlvError never leaves. Nothing is assumed of extensions: a card that does
 * not know one refuses with 'not-supported'.
 *
 * Secrets: a method wipes the copies that it makes; the caller's own bytes stay the caller's to wipe.
 */

import { ApduError, type CardChannel, type CommandApdu, exchange, type ResponseApdu, SHORT_LE_MAX } from '../apdu.ts'
import { concat, fromUtf8, wipe } from '../bytes.ts'
import type { BlockCipher } from '../crypto.ts'
import { decodeTemplate, decodeTlv, encodeTag, encodeTlv, required, TlvError } from '../tlv.ts'
import {
  CIPHER_ID,
  FIELD_BYTES,
  KEY_ALGORITHM_ID,
  type KeyAlgorithm,
  OBJECT,
  PIN_POLICY,
  PIV_AID,
  type PinPolicy,
  REFERENCE,
  type Slot,
} from './constants.ts'
import { derToRaw } from './ecdsa-signature.ts'
import { PivError, problemOfReference, problemOfStatus, unless } from './errors.ts'
import { CIPHER_BLOCK_BYTES, MANAGEMENT_KEY_BYTES } from './management-key.ts'
import {
  type KeyMetadata,
  type ManagementKeyMetadata,
  parseKeyMetadata,
  parseManagementKeyMetadata,
  parsePublicKey,
  parseReferenceMetadata,
  type ReferenceMetadata,
} from './metadata.ts'
import { encodePin, encodePuk } from './pin.ts'

/** Instruction bytes (SP 800-73-5 part 2 table 2), and those of Yubico's extensions. */
const INS = {
  select: 0xa4,
  getData: 0xcb,
  verify: 0x20,
  changeReferenceData: 0x24,
  resetRetryCounter: 0x2c,
  generalAuthenticate: 0x87,
  putData: 0xdb,
  generateKeyPair: 0x47,
  getMetadata: 0xf7,
  getSerial: 0xf8,
  reset: 0xfb,
  getVersion: 0xfd,
  setManagementKey: 0xff,
} as const

/** Elements of the dynamic authentication template 7C (SP 800-73-5 part 2 table 7). */
const DYNAMIC = { template: 0x7c, witness: 0x80, challenge: 0x81, response: 0x82, exponentiation: 0x85 } as const

const NONE = new Uint8Array(0)

export interface ApplicationProperties {
  /** What the card calls itself (tag 50); undefined where it says nothing. */
  readonly label: string | undefined
}

export class PivCard {
  readonly #channel: CardChannel

  constructor(channel: CardChannel) {
    this.#channel = channel
  }

  /** Section 3.1.1. Rejects with 'not-piv' where the card has no PIV application. */
  async select(): Promise<ApplicationProperties> {
    const { data, sw } = await this.#send({ ins: INS.select, p1: 0x04, p2: 0x00, data: PIV_AID, le: SHORT_LE_MAX })
    if (sw === 0x6a82 || sw === 0x6a81 || sw === 0x6d00 || sw === 0x6e00) throw new PivError({ kind: 'not-piv' })
    expectSuccess(sw)
    return parsed(() => {
      const label = decodeTemplate(decodeTlv(data, 0x61)).get(0x50)
      return { label: label === undefined ? undefined : fromUtf8(label) }
    })
  }

  /** The applet's version, as '5.4.3' (extension). */
  async getVersion(): Promise<string> {
    const data = await this.#ask({ ins: INS.getVersion, p1: 0, p2: 0, le: SHORT_LE_MAX })
    if (data.length !== 3) throw badResponse('version')
    return [...data].join('.')
  }

  /** The serial number printed on the token (extension). */
  async getSerial(): Promise<number> {
    const data = await this.#ask({ ins: INS.getSerial, p1: 0, p2: 0, le: SHORT_LE_MAX })
    if (data.length !== 4) throw badResponse('serial number')
    return new DataView(data.buffer, data.byteOffset, 4).getUint32(0)
  }

  /** Of PIN or PUK (extension). */
  async getReferenceMetadata(which: 'pin' | 'puk'): Promise<ReferenceMetadata> {
    const data = await this.#metadata(REFERENCE[which])
    return parsed(() => parseReferenceMetadata(data))
  }

  /** Of the management key (extension). */
  async getManagementKeyMetadata(): Promise<ManagementKeyMetadata> {
    const data = await this.#metadata(REFERENCE.managementKey)
    return parsed(() => parseManagementKeyMetadata(data))
  }

  /** Of a key (extension). Rejects with 'not-found' where the slot is empty. */
  async getKeyMetadata(slot: Slot): Promise<KeyMetadata> {
    const data = await this.#metadata(slot)
    return parsed(() => parseKeyMetadata(data))
  }

  /** Section 3.2.1. `pin` is 6 to 8 ASCII digits. Costs one try where it is wrong. */
  async verifyPin(pin: Uint8Array): Promise<void> {
    const data = encodePin(pin)
    const { sw } = await this.#sendSecret({ ins: INS.verify, p1: 0x00, p2: REFERENCE.pin, data })
    if (sw !== 0x9000) throw new PivError(problemOfReference('pin', sw))
  }

  /** An empty VERIFY: how many tries the PIN has left, 0 where it is blocked; undefined where it is verified already. */
  async retriesLeft(): Promise<number | undefined> {
    const { sw } = await this.#send({ ins: INS.verify, p1: 0x00, p2: REFERENCE.pin })
    if (sw === 0x9000) return undefined
    if (sw === 0x6983) return 0
    if (sw >>> 4 === 0x63c) return sw & 0x0f
    throw new PivError(problemOfStatus(sw))
  }

  /** Section 3.2.2. Costs one try where `current` is wrong. */
  changePin(current: Uint8Array, next: Uint8Array): Promise<void> {
    return this.#replaceReference(INS.changeReferenceData, 'pin', 'pin', encodePin, current, encodePin, next)
  }

  /** Section 3.2.2 for the PUK: 8 bytes. */
  changePuk(current: Uint8Array, next: Uint8Array): Promise<void> {
    return this.#replaceReference(INS.changeReferenceData, 'puk', 'puk', encodePuk, current, encodePuk, next)
  }

  /** Section 3.2.3: sets a new PIN and its counter with the PUK. Costs one try of the PUK where that is wrong. */
  resetRetryCounter(puk: Uint8Array, newPin: Uint8Array): Promise<void> {
    return this.#replaceReference(INS.resetRetryCounter, 'pin', 'puk', encodePuk, puk, encodePin, newPin)
  }

  /** Section 3.1.2: the value within 53 (for the Discovery Object within 7E). An empty object is 'not-found'. */
  async getData(tag: number): Promise<Uint8Array> {
    const data = encodeTlv(0x5c, encodeTag(tag))
    const answer = await this.#ask({ ins: INS.getData, p1: 0x3f, p2: 0xff, data, le: SHORT_LE_MAX })
    const value = answer.length === 0 ? NONE : parsed(() => decodeTlv(answer, tag === OBJECT.discovery ? tag : 0x53))
    if (value.length === 0) throw new PivError({ kind: 'not-found' })
    return value
  }

  /** Section 3.3.1, after the management key. An empty value deletes the object. */
  async putData(tag: number, value: Uint8Array): Promise<void> {
    const data = concat(encodeTlv(0x5c, encodeTag(tag)), encodeTlv(0x53, value))
    await this.#ask({ ins: INS.putData, p1: 0x3f, p2: 0xff, data })
  }

  /** The management key's algorithm: the card's word where it has metadata, else the first that it gives a witness for. */
  async managementKeyAlgorithm(): Promise<BlockCipher> {
    const metadata = await unless(this.getManagementKeyMetadata(), 'not-supported', 'unexpected-status', 'not-found')
    if (metadata !== undefined) return metadata.algorithm
    const ciphers: readonly BlockCipher[] = ['AES-256', 'AES-192', 'AES-128', '3DES']
    for (const cipher of ciphers) {
      const refused = ['not-supported', 'unexpected-status', 'not-found', 'bad-response'] as const
      if ((await unless(this.requestWitness(cipher), ...refused)) !== undefined) return cipher
    }
    throw new PivError({ kind: 'not-supported' })
  }

  /** Appendix A.1, first half: a random number of the card's, encrypted with its management key. */
  async requestWitness(cipher: BlockCipher): Promise<Uint8Array> {
    const template = await this.#authenticate(CIPHER_ID[cipher], REFERENCE.managementKey, encodeTlv(DYNAMIC.witness))
    return blockOf(template, DYNAMIC.witness, cipher)
  }

  /**
   * Appendix A.1, second half: the witness in clear, which opens the card for changes, and a challenge; returns the challenge
   * encrypted by the card. Rejects with 'not-authenticated' where the witness is not the card's.
   */
  async answerChallenge(cipher: BlockCipher, witness: Uint8Array, challenge: Uint8Array): Promise<Uint8Array> {
    const request = concat(encodeTlv(DYNAMIC.witness, witness), encodeTlv(DYNAMIC.challenge, challenge))
    const template = await this.#authenticate(CIPHER_ID[cipher], REFERENCE.managementKey, request)
    return blockOf(template, DYNAMIC.response, cipher)
  }

  /** Extension, after the management key. The key goes to the card in clear. */
  async setManagementKey(cipher: BlockCipher, key: Uint8Array): Promise<void> {
    if (key.length !== MANAGEMENT_KEY_BYTES[cipher]) throw new RangeError('a management key of another length')
    const data = concat(Uint8Array.of(CIPHER_ID[cipher], REFERENCE.managementKey, key.length), key)
    const { sw } = await this.#sendSecret({ ins: INS.setManagementKey, p1: 0xff, p2: 0xff, data })
    expectSuccess(sw)
  }

  /** Section 3.3.2, after the management key: the public key x || y. A PIN policy beside the slot's own is an extension. */
  async generateKeyPair(slot: Slot, algorithm: KeyAlgorithm, pinPolicy?: PinPolicy): Promise<Uint8Array> {
    const policy = pinPolicy === undefined ? NONE : encodeTlv(0xaa, Uint8Array.of(PIN_POLICY[pinPolicy]))
    const data = encodeTlv(0xac, encodeTlv(0x80, Uint8Array.of(KEY_ALGORITHM_ID[algorithm])), policy)
    const answer = await this.#ask({ ins: INS.generateKeyPair, p1: 0x00, p2: slot, data, le: SHORT_LE_MAX })
    return parsed(() => parsePublicKey(algorithm, decodeTlv(answer, 0x7f49)))
  }

  /** Appendix A.3: an ECDSA signature r || s over a digest of the curve's length, after VERIFY as the key's policy wants it. */
  async sign(slot: Slot, algorithm: KeyAlgorithm, digest: Uint8Array): Promise<Uint8Array> {
    if (digest.length !== FIELD_BYTES[algorithm]) throw new RangeError(`a digest for ${algorithm} has its length`)
    const request = concat(encodeTlv(DYNAMIC.response), encodeTlv(DYNAMIC.challenge, digest))
    const template = await this.#authenticate(KEY_ALGORITHM_ID[algorithm], slot, request)
    return parsed(() => derToRaw(required(template, DYNAMIC.response), FIELD_BYTES[algorithm]))
  }

  /** Appendix A.5: ECDH with the peer's public key x || y; returns the shared x coordinate, which the caller wipes. */
  async keyAgreement(slot: Slot, algorithm: KeyAlgorithm, peer: Uint8Array): Promise<Uint8Array> {
    if (peer.length !== 2 * FIELD_BYTES[algorithm]) throw new RangeError('a public key is x || y')
    const point = encodeTlv(DYNAMIC.exponentiation, Uint8Array.of(0x04), peer)
    const template = await this.#authenticate(KEY_ALGORITHM_ID[algorithm], slot, concat(encodeTlv(DYNAMIC.response), point))
    const secret = parsed(() => required(template, DYNAMIC.response))
    if (secret.length !== FIELD_BYTES[algorithm]) throw badResponse('shared secret')
    return secret
  }

  /** Extension: back to the factory's state; 'conditions-not-satisfied' unless PIN and PUK are both blocked. */
  async reset(): Promise<void> {
    await this.#ask({ ins: INS.reset, p1: 0, p2: 0 })
  }

  #metadata(reference: number): Promise<Uint8Array> {
    return this.#ask({ ins: INS.getMetadata, p1: 0, p2: reference, le: SHORT_LE_MAX })
  }

  /** GENERAL AUTHENTICATE, section 3.2.4. */
  async #authenticate(algorithm: number, key: number, request: Uint8Array): Promise<ReadonlyMap<number, Uint8Array>> {
    const data = encodeTlv(DYNAMIC.template, request)
    const answer = await this.#ask({ ins: INS.generalAuthenticate, p1: algorithm, p2: key, data, le: SHORT_LE_MAX })
    return parsed(() => decodeTemplate(decodeTlv(answer, DYNAMIC.template)))
  }

  /** `proved` is what the card compares and counts, `target` what is set anew. */
  async #replaceReference(
    ins: number,
    target: 'pin' | 'puk',
    proved: 'pin' | 'puk',
    encodeCurrent: (value: Uint8Array) => Uint8Array,
    current: Uint8Array,
    encodeNext: (value: Uint8Array) => Uint8Array,
    next: Uint8Array,
  ): Promise<void> {
    const first = encodeCurrent(current)
    let data: Uint8Array
    try {
      const second = encodeNext(next)
      data = concat(first, second)
      wipe(second)
    } finally {
      wipe(first)
    }
    const { sw } = await this.#sendSecret({ ins, p1: 0x00, p2: REFERENCE[target], data })
    if (sw !== 0x9000) throw new PivError(problemOfReference(proved, sw))
  }

  async #ask(command: Omit<CommandApdu, 'cla'>): Promise<Uint8Array> {
    const { data, sw } = await this.#send(command)
    expectSuccess(sw)
    return data
  }

  /** As #send, and the command's data are wiped. */
  async #sendSecret(command: Omit<CommandApdu, 'cla'> & { readonly data: Uint8Array }): Promise<ResponseApdu> {
    try {
      return await this.#send(command)
    } finally {
      wipe(command.data)
    }
  }

  async #send(command: Omit<CommandApdu, 'cla'>): Promise<ResponseApdu> {
    try {
      return await exchange(this.#channel, { cla: 0x00, ...command })
    } catch (error) {
      throw error instanceof ApduError ? badResponse(error.message) : error
    }
  }
}

function expectSuccess(sw: number): void {
  if (sw !== 0x9000) throw new PivError(problemOfStatus(sw))
}

function blockOf(template: ReadonlyMap<number, Uint8Array>, tag: number, cipher: BlockCipher): Uint8Array {
  const value = parsed(() => required(template, tag))
  if (value.length !== CIPHER_BLOCK_BYTES[cipher]) throw badResponse('block length')
  return value
}

/** What does not parse is the card's mistake: a TlvError, or text that is not UTF-8, becomes 'bad-response'. */
function parsed<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (error instanceof TlvError || error instanceof TypeError) throw badResponse(error.message)
    throw error
  }
}

function badResponse(detail: string): PivError {
  return new PivError({ kind: 'bad-response', detail })
}
