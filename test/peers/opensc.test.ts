/** OpenSC 0.23 against the virtual card, through pcscd: what browsers and mail programs use to reach a PIV card. */

import { createHash, createPublicKey, X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeCrypto } from '../../native/crypto.ts'
import { fromHex } from '../../protocol/bytes.ts'
import { PivCard } from '../../protocol/piv/card.ts'
import { type KeyAlgorithm, OBJECT, SLOT, type Slot } from '../../protocol/piv/constants.ts'
import { checkResponse, decryptWitness, factoryManagementKey, newChallenge } from '../../protocol/piv/management-key.ts'
import { buildCapabilityContainer, buildCertificateObject, buildChuid } from '../../protocol/piv/objects.ts'
import { type CardAndPrograms, type CardInReader, putCardIntoReader, READER } from './card-in-reader.ts'

const GUID = '00112233445546778899aabbccddeeff'
let bench: CardInReader

const pkcs11 = (...args: readonly string[]) =>
  bench.run('pkcs11-tool', '--module', 'opensc-pkcs11.so', '--token-label', 'Virtual card', ...args)

/** Sets the card up as a registration does, with the terminal's own card edge: what it writes is what OpenSC reads below. */
async function register(at: CardAndPrograms, algorithm: KeyAlgorithm): Promise<void> {
  const piv = new PivCard({ transmit: async (command) => at.card.transmit(command) })
  await piv.select()
  const key = factoryManagementKey('3DES')
  const witness = decryptWitness(nodeCrypto, '3DES', key, await piv.requestWitness('3DES')) ?? new Uint8Array(8)
  const challenge = newChallenge(nodeCrypto, '3DES')
  const response = await piv.answerChallenge('3DES', witness, challenge)
  expect(checkResponse(nodeCrypto, '3DES', key, challenge, response)).toBe(true)

  await piv.putData(OBJECT.chuid, buildChuid(fromHex(GUID), '20390101'))
  await piv.putData(OBJECT.capabilityContainer, buildCapabilityContainer(nodeCrypto.randomBytes(14)))
  await at.run('openssl', 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', 'ca.pem')
  await makeKey(at, piv, SLOT.authentication, OBJECT.authenticationCertificate, algorithm, 'card')
  // OpenSC derives with the key management key only.
  await makeKey(at, piv, SLOT.keyManagement, OBJECT.keyManagementCertificate, algorithm, 'agreement')
  at.card.reset()
}

/** A key made on the card, and a certificate for it: NAME.pub and NAME.der. */
async function makeKey(
  at: CardAndPrograms,
  piv: PivCard,
  slot: Slot,
  object: number,
  algorithm: KeyAlgorithm,
  name: string,
): Promise<void> {
  const publicKey = await piv.generateKeyPair(slot, algorithm)
  const half = publicKey.length / 2
  const jwk = {
    kty: 'EC',
    crv: algorithm,
    x: Buffer.from(publicKey.subarray(0, half)).toString('base64url'),
    y: Buffer.from(publicKey.subarray(half)).toString('base64url'),
  }
  const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
  writeFileSync(join(at.folder, `${name}.pub`), pem)
  const issue = ['x509', '-new', '-subj', '/CN=Virtual card', '-days', '30', '-key', 'ca.pem', '-force_pubkey', `${name}.pub`]
  await at.run('openssl', ...issue, '-outform', 'DER', '-out', `${name}.der`)
  await piv.putData(object, buildCertificateObject(readFileSync(join(at.folder, `${name}.der`))))
}

describe.each<[KeyAlgorithm, string]>([
  ['P-256', 'sha256'],
  ['P-384', 'sha384'],
])('OpenSC with %s', (algorithm, hash) => {
  beforeAll(async () => {
    bench = await putCardIntoReader({}, (at) => register(at, algorithm))
  })
  afterAll(() => bench.close())

  it('takes the card for a PIV card, and the GUID for its serial number', async () => {
    const name = await bench.run('opensc-tool', '--reader', READER, '--name')
    expect(name.output).toContain('Personal Identity Verification Card')
    const serial = await bench.run('opensc-tool', '--reader', READER, '--serial')
    expect(serial.output.toLowerCase().replace(/[^0-9a-f]/g, '')).toContain(GUID)
  })

  it('lists the certificate, the private and the public key', async () => {
    const { output } = await pkcs11('--login', '--pin', '123456', '--list-objects')
    expect(output).toMatch(/Certificate Object; type = X.509 cert\s+label:\s+Certificate for PIV Authentication/)
    expect(output).toMatch(/Private Key Object; EC\s+label:\s+PIV AUTH key/)
    expect(output).toMatch(/Public Key Object; EC/)
  })

  it('reads the certificate as it was written', async () => {
    const read = await pkcs11('--read-object', '--type', 'cert', '--id', '01', '--output-file', 'read.der')
    expect(read.code).toBe(0)
    const written = readFileSync(join(bench.folder, 'card.der'))
    expect(readFileSync(join(bench.folder, 'read.der')).equals(written)).toBe(true)
    expect(new X509Certificate(written).subject).toBe('CN=Virtual card')
  })

  it('signs a digest so that OpenSSL verifies the signature, and not another digest', async () => {
    const sign = ['--login', '--pin', '123456', '--id', '01', '--sign', '--mechanism', 'ECDSA', '--signature-format', 'openssl']
    const digest = createHash(hash).update('signed through PKCS #11').digest()
    writeFileSync(join(bench.folder, 'digest'), digest)
    writeFileSync(join(bench.folder, 'other'), createHash(hash).update('something else').digest())
    const signed = await pkcs11(...sign, '--input-file', 'digest', '--output-file', 'signature')
    expect(signed.output).toContain('Using signature algorithm ECDSA')
    const verify = (input: string) =>
      bench.run('openssl', 'pkeyutl', '-verify', '-pubin', '-inkey', 'card.pub', '-in', input, '-sigfile', 'signature')
    expect((await verify('digest')).output).toContain('Signature Verified Successfully')
    expect((await verify('other')).code).not.toBe(0)
  })

  it('agrees on a secret as OpenSSL does', async () => {
    const curve = `ec_paramgen_curve:${algorithm}`
    await bench.run('openssl', 'genpkey', '-algorithm', 'EC', '-pkeyopt', curve, '-out', 'peer.pem')
    await bench.run('openssl', 'pkey', '-in', 'peer.pem', '-pubout', '-outform', 'DER', '-out', 'peer.der')
    expect(await derivesWithCard()).toBe(await derivesWithOpenssl())
  })

  async function derivesWithCard(): Promise<string> {
    const derive = ['--login', '--pin', '123456', '--id', '03', '--derive', '--mechanism', 'ECDH1-COFACTOR-DERIVE']
    const { code, output } = await pkcs11(...derive, '--input-file', 'peer.der', '--output-file', 'secret.card')
    expect(code, output).toBe(0)
    return readFileSync(join(bench.folder, 'secret.card')).toString('hex')
  }

  async function derivesWithOpenssl(): Promise<string> {
    await bench.run('openssl', 'pkeyutl', '-derive', '-inkey', 'peer.pem', '-peerkey', 'agreement.pub', '-out', 'secret.openssl')
    return readFileSync(join(bench.folder, 'secret.openssl')).toString('hex')
  }

  it('changes the PIN and counts a wrong one', async () => {
    expect((await pkcs11('--login', '--pin', '123456', '--change-pin', '--new-pin', '864209')).code).toBe(0)
    expect((await pkcs11('--login', '--pin', '123456', '--list-objects')).output).toContain('CKR_PIN_INCORRECT')
    const piv = new PivCard({ transmit: async (command) => bench.card.transmit(command) })
    await piv.select()
    expect(await piv.retriesLeft()).toBe(2)
    expect((await pkcs11('--login', '--pin', '864209', '--list-objects')).code).toBe(0)
  })
})
