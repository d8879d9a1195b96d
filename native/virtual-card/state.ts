/**
 * What a virtual card keeps when it has no power, and how that is written down: JSON with bytes in hexadecimal, so that a
 * person can read a training card. It holds the card's secrets in clear: a virtual card is for tests and training.
 */

import * as v from 'valibot'
import { fromHex, toHex, utf8 } from '../../protocol/bytes.ts'

/** Algorithm identifiers of NIST SP 800-78-5 section 6.2. */
export const ALGORITHM = { tripleDes: 0x03, aes128: 0x08, aes192: 0x0a, aes256: 0x0c, p256: 0x11, p384: 0x14 } as const

/** PIN policies of Yubico's extensions: 0 stands for the slot's own default where a key is made. */
export const PIN_POLICY = { slotDefault: 0, never: 1, once: 2, always: 3 } as const

export type ManagementKeyAlgorithm = 0x03 | 0x08 | 0x0a | 0x0c
export type KeyAlgorithm = 0x11 | 0x14

/** PIN or PUK. */
export interface ReferenceData {
  /** 8 bytes, padded with FF (NIST SP 800-73-5 part 2 section 2.4.3). */
  readonly value: Uint8Array
  readonly retriesLeft: number
  readonly retriesTotal: number
}

export interface CardKey {
  readonly algorithm: KeyAlgorithm
  readonly privateKey: Uint8Array
  /** x || y */
  readonly publicKey: Uint8Array
  readonly pinPolicy: 1 | 2 | 3
  readonly origin: 'generated' | 'imported'
}

export interface CardState {
  readonly serial: number
  /** False for a card that knows NIST SP 800-73 and nothing else. */
  readonly extensions: boolean
  readonly pin: ReferenceData
  readonly puk: ReferenceData
  readonly managementKey: { readonly algorithm: ManagementKeyAlgorithm; readonly value: Uint8Array }
  /** By key reference (0x9a). */
  readonly keys: ReadonlyMap<number, CardKey>
  /** By tag (0x5fc105): the value within 53. */
  readonly objects: ReadonlyMap<number, Uint8Array>
}

/** Serial numbers from here on are simulated cards: tokens that people can buy have at most eight digits, and 31 bits are what
 * other people's programs print right. */
export const FIRST_SIMULATED_SERIAL = 2_000_000_000

/** What a new card of the common kind comes with: PIN 123456, PUK 12345678, and this management key (24 bytes). */
export const DEFAULT_PIN = Uint8Array.of(...utf8('123456'), 0xff, 0xff)
export const DEFAULT_PUK = utf8('12345678')
const DEFAULT_KEY_PART = '0102030405060708'
const DEFAULT_RETRIES = 3

export interface BlankCardOptions {
  /** 32 bits; from FIRST_SIMULATED_SERIAL on by convention. */
  readonly serial?: number
  readonly extensions?: boolean
  readonly managementKeyAlgorithm?: ManagementKeyAlgorithm
}

const MANAGEMENT_KEY_LENGTH: Readonly<Record<ManagementKeyAlgorithm, number>> = { 3: 24, 8: 16, 10: 24, 12: 32 }

export function managementKeyLength(algorithm: ManagementKeyAlgorithm): number {
  return MANAGEMENT_KEY_LENGTH[algorithm]
}

export function defaultManagementKey(algorithm: ManagementKeyAlgorithm): Uint8Array {
  return fromHex(DEFAULT_KEY_PART.repeat(MANAGEMENT_KEY_LENGTH[algorithm] / 8))
}

/** A card as it leaves the factory. */
export function blankCard(options: BlankCardOptions = {}): CardState {
  const { serial = FIRST_SIMULATED_SERIAL, extensions = true, managementKeyAlgorithm = ALGORITHM.tripleDes } = options
  return {
    serial,
    extensions,
    pin: { value: DEFAULT_PIN, retriesLeft: DEFAULT_RETRIES, retriesTotal: DEFAULT_RETRIES },
    puk: { value: DEFAULT_PUK, retriesLeft: DEFAULT_RETRIES, retriesTotal: DEFAULT_RETRIES },
    managementKey: { algorithm: managementKeyAlgorithm, value: defaultManagementKey(managementKeyAlgorithm) },
    keys: new Map(),
    objects: new Map(),
  }
}

const bytes = (check: (length: number) => boolean) =>
  v.pipe(
    v.string(),
    v.regex(/^([0-9a-f]{2})*$/),
    v.transform(fromHex),
    v.check((value) => check(value.length), 'wrong length'),
  )
const retries = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(15))
const referenceData = v.pipe(
  v.strictObject({ value: bytes((length) => length === 8), retriesLeft: retries, retriesTotal: retries }),
  v.check(({ retriesLeft, retriesTotal }) => retriesLeft <= retriesTotal, 'more tries left than there are'),
)
const key = v.pipe(
  v.strictObject({
    slot: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xff)),
    algorithm: v.picklist([ALGORITHM.p256, ALGORITHM.p384]),
    privateKey: bytes((length) => length === 32 || length === 48),
    publicKey: bytes((length) => length === 64 || length === 96),
    pinPolicy: v.picklist([PIN_POLICY.never, PIN_POLICY.once, PIN_POLICY.always]),
    origin: v.picklist(['generated', 'imported']),
  }),
  v.check((k) => k.privateKey.length === (k.algorithm === ALGORITHM.p256 ? 32 : 48), 'a private key of another curve'),
  v.check((k) => k.publicKey.length === 2 * k.privateKey.length, 'a public key of another curve'),
)
const managementKey = v.pipe(
  v.strictObject({
    algorithm: v.picklist([ALGORITHM.tripleDes, ALGORITHM.aes128, ALGORITHM.aes192, ALGORITHM.aes256]),
    value: bytes(() => true),
  }),
  v.check((k) => k.value.length === MANAGEMENT_KEY_LENGTH[k.algorithm], 'a management key of another length'),
)
const stateSchema = v.strictObject({
  format: v.literal('tessera-virtual-card-1'),
  serial: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff)),
  extensions: v.boolean(),
  pin: referenceData,
  puk: referenceData,
  managementKey,
  keys: v.array(key),
  objects: v.array(
    v.strictObject({ tag: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffff)), value: bytes(() => true) }),
  ),
})

export function stateToText(state: CardState): string {
  const reference = (data: ReferenceData) => ({ ...data, value: toHex(data.value) })
  const written = {
    format: 'tessera-virtual-card-1',
    serial: state.serial,
    extensions: state.extensions,
    pin: reference(state.pin),
    puk: reference(state.puk),
    managementKey: { algorithm: state.managementKey.algorithm, value: toHex(state.managementKey.value) },
    keys: [...state.keys].map(([slot, k]) => ({
      slot,
      ...k,
      privateKey: toHex(k.privateKey),
      publicKey: toHex(k.publicKey),
    })),
    objects: [...state.objects].map(([tag, value]) => ({ tag, value: toHex(value) })),
  }
  return `${JSON.stringify(written, undefined, 2)}\n`
}

/** Throws an Error that says what does not fit. */
export function stateFromText(text: string): CardState {
  const { format: _, keys, objects, ...rest } = v.parse(stateSchema, JSON.parse(text))
  return {
    ...rest,
    keys: new Map(keys.map(({ slot, ...k }) => [slot, k])),
    objects: new Map(objects.map(({ tag, value }) => [tag, value])),
  }
}
