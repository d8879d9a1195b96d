import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { nodeCrypto } from '../../native/crypto.ts'
import { fromHex, toHex, utf8 } from '../../protocol/bytes.ts'
import { decode } from '../../protocol/cbor.ts'
import { asHeaderMap } from '../../protocol/cose/headers.ts'
import { type Authenticator, kccsCredential, parseCcs } from '../../protocol/edhoc/credentials.ts'
import { startInitiator } from '../../protocol/edhoc/initiator.ts'
import type { CredentialReference, EadItem } from '../../protocol/edhoc/items.ts'
import { processMessage1 } from '../../protocol/edhoc/responder.ts'
import type { EdhocSession } from '../../protocol/edhoc/session.ts'
import { LakersPeer, lakers } from '../support/lakers.ts'

const scenarioFile = join(import.meta.dirname, '../vectors/edhoc-scenarios/m3-s2-kid.txt')

beforeAll(() => void lakers(), 600_000)

const scenario = Object.fromEntries(
  readFileSync(scenarioFile, 'ascii')
    .trim()
    .split('\n')
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
)
const bytes = (key: string): Uint8Array => fromHex(scenario[key] ?? '')

function ownEnd(letter: 'i' | 'r', transfer: 'reference' | 'value'): Authenticator {
  const privateKey = bytes(`sk_${letter}`)
  const byReference = { idCred: bytes(`id_cred_${letter}`), cred: bytes(`cred_${letter}`), publicKey: bytes(`pk_${letter}`) }
  const claims = asHeaderMap(decode(byReference.cred))
  const ccs = claims && parseCcs(claims)
  if (ccs === undefined) throw new Error('the scenario holds no CCS')
  const credential = transfer === 'reference' ? byReference : kccsCredential(ccs)
  expect(toHex(credential.cred)).toBe(toHex(byReference.cred))
  return { kind: 'static-dh', credential, agree: async (publicKey) => nodeCrypto.sharedSecret('P-256', privateKey, publicKey) }
}

/** lakers sends a kid, or the CCS itself. */
function expectReference(reference: CredentialReference, letter: 'i' | 'r', transfer: 'reference' | 'value'): void {
  if (transfer === 'reference') expect(reference).toEqual({ kind: 'kid', kid: bytes(`id_cred_${letter}`).slice(3) })
  else expect(reference).toMatchObject({ kind: 'kccs', cred: bytes(`cred_${letter}`) })
}

const ourEad: EadItem[] = [
  { label: 0, value: utf8('pad') },
  { label: 33, value: utf8('tessera') },
]
const theirEad: EadItem[] = [{ label: 40, value: utf8('lakers') }]
/** lakers leaves the padding in. */
const seenByLakers = (number: number): string[][] => [
  [`ead_${number}`, '0', '0', toHex(utf8('pad'))],
  [`ead_${number}`, '33', '0', toHex(utf8('tessera'))],
]

async function expectSameKeys(peer: LakersPeer, session: EdhocSession): Promise<void> {
  expect(await peer.read()).toEqual(['prk_out', toHex(session.prkOut)])
  for (let i = 0; i < 4; i += 1) {
    const [word, label, context, hex] = await peer.read()
    expect(word).toBe('exporter')
    const ours = session.exporter(Number(label), fromHex(context === '-' ? '' : (context ?? '')), (hex ?? '').length / 2)
    expect(toHex(ours)).toBe(hex)
  }
  session.updateKey(fromHex('d6be169602b8bceaa01158fdb820890c'))
  expect(await peer.read()).toEqual(['key_update', toHex(session.prkOut)])
}

describe.each(['reference', 'value'] as const)('EDHOC with lakers, method 3 and suite 2, credentials by %s', (transfer) => {
  it('we are the initiator', async () => {
    const peer = new LakersPeer('responder', transfer, scenarioFile)
    try {
      const started = startInitiator({ crypto: nodeCrypto, method: 3, suites: [2], cI: bytes('c_i'), ead1: ourEad })
      peer.write('message_1', started.message1)
      const ead: string[][] = []
      const received2 = started.processMessage2(await peer.message('message_2', ead))
      expectReference(received2.reference, 'r', transfer)
      expect(received2.cR).toEqual(bytes('c_r'))
      expect(received2.ead2).toEqual(theirEad)
      const sent3 = await received2
        .verify({ cred: bytes('cred_r'), publicKey: bytes('pk_r') })
        .completeMessage3(ownEnd('i', transfer), ourEad)
      peer.write('message_3', sent3.message3)
      const { session, ead4 } = sent3.processMessage4(await peer.message('message_4', ead))
      expect(ead4).toEqual(theirEad)
      expect(ead).toEqual([...seenByLakers(1), ...seenByLakers(3)])
      await expectSameKeys(peer, session)
    } finally {
      peer.end()
    }
  })

  it('we are the responder', async () => {
    const peer = new LakersPeer('initiator', transfer, scenarioFile)
    try {
      const options = { crypto: nodeCrypto, methods: [3], suites: [2] } as const
      const received1 = processMessage1(await peer.message('message_1'), options)
      expect(received1.cI).toEqual(bytes('c_i'))
      expect(received1.ead1).toEqual(theirEad)
      const sent2 = await received1.prepareMessage2(ownEnd('r', transfer), bytes('c_r'), ourEad)
      peer.write('message_2', sent2.message2)
      const ead: string[][] = []
      const received3 = sent2.processMessage3(await peer.message('message_3', ead))
      expectReference(received3.reference, 'i', transfer)
      expect(received3.ead3).toEqual(theirEad)
      const verified3 = received3.verify({ cred: bytes('cred_i'), publicKey: bytes('pk_i') })
      const { message4, session } = verified3.prepareMessage4(ourEad)
      peer.write('message_4', message4)
      const [first, second] = [await peer.read(), await peer.read()]
      expect([...ead, first, second]).toEqual([...seenByLakers(2), ...seenByLakers(4)])
      await expectSameKeys(peer, session)
    } finally {
      peer.end()
    }
  })

  it('lakers refuses what we would refuse: a message with one bit changed', async () => {
    const peer = new LakersPeer('responder', transfer, scenarioFile)
    try {
      const started = startInitiator({ crypto: nodeCrypto, method: 3, suites: [2], cI: bytes('c_i') })
      peer.write('message_1', started.message1)
      const received2 = started.processMessage2(await peer.message('message_2'))
      const sent3 = await received2
        .verify({ cred: bytes('cred_r'), publicKey: bytes('pk_r') })
        .completeMessage3(ownEnd('i', transfer))
      const changed = sent3.message3
      changed[changed.length - 1] = (changed[changed.length - 1] as number) ^ 1
      peer.write('message_3', changed)
      expect((await peer.read()).join(' ')).toContain('MacVerificationFailed')
    } finally {
      peer.end()
    }
  })
})
