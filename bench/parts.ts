/**
 * What a ceremony is made of, each part alone and raw, in the same minute as the ceremony: APDUs by the PC/SC library without
 * the process around it, MQTT without the protocol, key operations without the messages, a commit without the gateway.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import mqtt from 'mqtt'
import { nodeCrypto } from '../native/crypto.ts'
import { loadPcsc } from '../native/pcsc/binding.ts'
import { VirtualCard } from '../native/virtual-card/card.ts'
import { blankCard } from '../native/virtual-card/state.ts'
import { memoryStorage } from '../native/virtual-card/storage.ts'
import { concat, utf8 } from '../protocol/bytes.ts'
import { timed } from './figure.ts'

/**
 * How long each sample waits before it: as long as a person types before a login, so that a part finds the machine as idle,
 * and its caches as cold, as the ceremony does.
 */
export const TYPING_MS = 40

async function samplesOf(n: number, work: () => unknown): Promise<number[]> {
  const samples: number[] = []
  for (let i = 0; i < n; i += 1) {
    await new Promise((resolve) => setTimeout(resolve, TYPING_MS))
    samples.push(await timed(work))
  }
  return samples
}

const SCARD_SHARE_SHARED = 2
const SCARD_LEAVE_CARD = 0
/** SELECT of the PIV application (SP 800-73-5 part 1 section 2.2). */
const SELECT = Uint8Array.of(0x00, 0xa4, 0x04, 0x00, 0x05, 0xa0, 0x00, 0x00, 0x03, 0x08)
const DIGEST_LENGTH = 32

function verify(pin: string): Uint8Array {
  const padded = new Uint8Array(8).fill(0xff)
  padded.set(utf8(pin))
  return concat(Uint8Array.of(0x00, 0x20, 0x00, 0x80, 0x08), padded)
}

function sign(slot: number): Uint8Array {
  const template = concat(
    Uint8Array.of(0x7c, DIGEST_LENGTH + 4, 0x82, 0x00, 0x81, DIGEST_LENGTH),
    nodeCrypto.randomBytes(DIGEST_LENGTH),
  )
  return concat(Uint8Array.of(0x00, 0x87, 0x11, slot, template.length), template, Uint8Array.of(0x00))
}

function expectOk(answer: Uint8Array): void {
  if (answer.at(-2) !== 0x90) throw new Error(`the card answered ${answer.at(-2)?.toString(16)}${answer.at(-1)?.toString(16)}`)
}

/** VERIFY and one P-256 signature in the card that is in that reader, the connection held open. */
export async function rawApdus(reader: string, pin: string, n: number): Promise<number[]> {
  const pcsc = loadPcsc()
  const context = await pcsc.establishContext()
  try {
    const { card, protocol } = await pcsc.connect(context, reader, SCARD_SHARE_SHARED)
    expectOk(pcsc.transmit(card, protocol, SELECT))
    const samples = await samplesOf(n, () => {
      expectOk(pcsc.transmit(card, protocol, verify(pin)))
      expectOk(pcsc.transmit(card, protocol, sign(0x9a)))
    })
    await pcsc.disconnect(card, SCARD_LEAVE_CARD)
    return samples
  } finally {
    await pcsc.releaseContext(context)
  }
}

/** What the card itself computes for the two: the same commands, called without a reader. */
export function cardComputing(n: number): Promise<number[]> {
  const card = new VirtualCard({ crypto: nodeCrypto, storage: memoryStorage(blankCard()) })
  card.reset()
  expectOk(card.transmit(SELECT))
  // 9B with the factory key is needed for a key pair; 9E would do as well, but 9A is what a login uses.
  const key = nodeCrypto.generateKeyPair('P-256')
  return samplesOf(n, () => {
    expectOk(card.transmit(verify('123456')))
    nodeCrypto.sign('ES256', key.privateKey, nodeCrypto.randomBytes(DIGEST_LENGTH))
  })
}

/** One message there and one back between two clients of the broker, of the lengths of a login's last round trip. */
export async function rawMqttRoundTrip(
  url: string,
  n: number,
  lengths: { readonly there: number; readonly back: number },
): Promise<number[]> {
  const [asking, answering] = await Promise.all([
    mqtt.connectAsync(url, { protocolVersion: 5 }),
    mqtt.connectAsync(url, { protocolVersion: 5 }),
  ])
  try {
    await answering.subscribeAsync('bench/there', { qos: 0 })
    await asking.subscribeAsync('bench/back', { qos: 0 })
    const back = Buffer.alloc(lengths.back, 1)
    answering.on('message', () => answering.publish('bench/back', back))
    const there = Buffer.alloc(lengths.there, 1)
    return await samplesOf(
      n,
      () =>
        new Promise<void>((resolve) => {
          asking.once('message', () => resolve())
          asking.publish('bench/there', there)
        }),
    )
  } finally {
    await Promise.all([asking.endAsync(true), answering.endAsync(true)])
  }
}

/** What both ends must compute after the last digit: one verification, two transcript hashes, six AEAD operations, the key schedule's expansions. */
export function rawKeyOperations(n: number): Promise<number[]> {
  const key = nodeCrypto.generateKeyPair('P-256')
  const message = nodeCrypto.randomBytes(400)
  const signature = nodeCrypto.sign('ES256', key.privateKey, message)
  const aead = nodeCrypto.randomBytes(16)
  const nonce = nodeCrypto.randomBytes(12)
  const sealed = nodeCrypto.aeadSeal('A128GCM', aead, nonce, message, message)
  return samplesOf(n, () => {
    nodeCrypto.verify('ES256', key.publicKey, message, signature)
    for (let k = 0; k < 2; k += 1) nodeCrypto.hash('SHA-256', message)
    for (let k = 0; k < 3; k += 1) nodeCrypto.aeadSeal('A128GCM', aead, nonce, message, message)
    for (let k = 0; k < 3; k += 1) nodeCrypto.aeadOpen('A128GCM', aead, nonce, message, sealed)
    for (let k = 0; k < 8; k += 1) nodeCrypto.hkdfExpand('SHA-256', aead, message, 32)
  })
}

/** One durable commit of two rows, as the gateway's store is set: WAL, synchronous=FULL. */
export async function rawCommit(folder: string, n: number): Promise<number[]> {
  const path = join(folder, 'raw.sqlite')
  const database = new DatabaseSync(path)
  try {
    database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE a (id INTEGER PRIMARY KEY, body BLOB) STRICT')
    const insert = database.prepare('INSERT INTO a (body) VALUES (?)')
    return await samplesOf(n, () => {
      database.exec('BEGIN IMMEDIATE')
      insert.run(new Uint8Array(200))
      insert.run(new Uint8Array(200))
      database.exec('COMMIT')
    })
  } finally {
    database.close()
    await rm(path, { force: true })
  }
}

/** Sample by sample, because the parts of one ceremony come one after the other. */
export function sums(...parts: readonly (readonly number[])[]): number[] {
  const n = Math.min(...parts.map((part) => part.length))
  return Array.from({ length: n }, (_, i) => parts.reduce((sum, part) => sum + (part[i] ?? 0), 0))
}
