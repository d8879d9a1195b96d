/** The virtual card by raw APDUs: what the standard asks of a card, and what an attacker would try. */

import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { nodeCrypto } from '../../native/crypto.ts'
import { VirtualCard } from '../../native/virtual-card/card.ts'
import { isPrivateKey, signDigest } from '../../native/virtual-card/ecdsa.ts'
import {
  ALGORITHM,
  blankCard,
  type CardState,
  defaultManagementKey,
  stateFromText,
  stateToText,
} from '../../native/virtual-card/state.ts'
import { type CardStorage, fileStorage, memoryStorage } from '../../native/virtual-card/storage.ts'
import { concat, fromHex, toHex } from '../../protocol/bytes.ts'

const SELECT = '00a4040005a00000030800'
const PIN = '313233343536ffff'
const PUK = '3132333435363738'
const WRONG = '393939393939ffff'
const verify = (pin: string) => `0020008008${pin}`
const PIN_STATUS = '00200080'

function newCard(state: CardState = blankCard(), storage: CardStorage = memoryStorage(state)) {
  const card = new VirtualCard({ crypto: nodeCrypto, storage })
  const send = (hex: string) => toHex(card.transmit(fromHex(hex)))
  send(SELECT)
  return { card, send, storage }
}

/** The single authentication of the management key: the challenge comes back encrypted. */
function openForChanges(send: (hex: string) => string, key = defaultManagementKey(ALGORITHM.tripleDes)): string {
  const answer = send('0087039b047c028100')
  const challenge = fromHex(answer.slice(8, 24))
  return send(`0087039b0c7c0a8208${toHex(nodeCrypto.encryptBlock('3DES', key, challenge))}`)
}

describe('SELECT', () => {
  it.each(['a000000308', 'a00000030800001000', 'a000000308000010000100'])('accepts the AID %s', (aid) => {
    const { send } = newCard()
    expect(send(`00a40400${(aid.length / 2).toString(16).padStart(2, '0')}${aid}00`)).toMatch(/^61.*9000$/)
  })
  it('knows no other application, no shorter name, and nothing before it', () => {
    const { card, send } = newCard()
    expect(send('00a4040005a00000052700')).toBe('6a82')
    expect(send('00a4040004a000000300')).toBe('6a82')
    expect(send('00a4040400')).toBe('6a86')
    card.reset()
    expect(send(PIN_STATUS)).toBe('6d00')
  })
  it('of PIV again, or of nothing, changes no security status; a reset does', () => {
    const { card, send } = newCard()
    send(verify(PIN))
    send(SELECT)
    send('00a4040005a00000052700')
    expect(send(PIN_STATUS)).toBe('9000')
    card.reset()
    send(SELECT)
    expect(send(PIN_STATUS)).toBe('63c3')
  })
})

describe('the PIN', () => {
  it('is counted and stored before it is compared', () => {
    const stored: number[] = []
    const inner = memoryStorage(blankCard())
    const storage: CardStorage = {
      load: inner.load,
      save(state) {
        stored.push(state.pin.retriesLeft)
        inner.save(state)
      },
    }
    const { send } = newCard(blankCard(), storage)
    expect(send(verify(WRONG))).toBe('63c2')
    expect(stored).toEqual([2])
    expect(send(verify(PIN))).toBe('9000')
    expect(stored).toEqual([2, 1, 3])
  })

  it('is not compared where the count cannot be stored', () => {
    const storage: CardStorage = {
      load: () => blankCard(),
      save() {
        throw new Error('the disk is full')
      },
    }
    const { send } = newCard(blankCard(), storage)
    for (let i = 0; i < 5; i += 1) expect(send(verify(PIN))).toBe('6581')
    expect(send(PIN_STATUS)).toBe('63c3')
  })

  it('of a wrong form costs no try', () => {
    const { send } = newCard()
    for (const bad of ['3132333435ffffff', '31323334353641ff', '313233343536ff37', 'ffffffffffffffff']) {
      expect(send(verify(bad))).toBe('6a80')
      expect(send(`0024008010${PIN}${bad}`)).toBe('6a80')
      expect(send(`002c008010${PUK}${bad}`)).toBe('6a80')
    }
    expect(send('00200080073132333435 36ff'.replace(' ', ''))).toBe('6a80')
    expect(send(PIN_STATUS)).toBe('63c3')
  })

  it('blocks after the last try, also for CHANGE REFERENCE DATA, and a wrong one ends what was verified', () => {
    const { send } = newCard()
    send(verify(PIN))
    expect(send(verify(WRONG))).toBe('63c2')
    expect(send(PIN_STATUS)).toBe('63c2')
    expect(send(`0024008010${WRONG}${PIN}`)).toBe('63c1')
    expect(send(verify(WRONG))).toBe('63c0')
    expect(send(verify(PIN))).toBe('6983')
    expect(send(`0024008010${PIN}${PIN}`)).toBe('6983')
    expect(send(PIN_STATUS)).toBe('6983')
  })

  it('is forgotten with P1 = FF, and there is no global PIN', () => {
    const { send } = newCard()
    send(verify(PIN))
    expect(send('0020ff80')).toBe('9000')
    expect(send(PIN_STATUS)).toBe('63c3')
    expect(send(`0020000008${PIN}`)).toBe('6a88')
    expect(send('0020ff8001aa')).toBe('6a80')
  })

  it('protects the printed information', () => {
    const { send } = newCard()
    openForChanges(send)
    expect(send('00db3fff095c035fc1095302aabb')).toBe('9000')
    expect(send('00cb3fff055c035fc10900')).toBe('6982')
    send(verify(PIN))
    expect(send('00cb3fff055c035fc10900')).toBe('5302aabb9000')
  })

  it('gets other numbers of tries with SET PIN RETRIES, and goes back to the first PIN', () => {
    const { send } = newCard()
    expect(send('00fa0508')).toBe('6982')
    openForChanges(send)
    expect(send('00fa0508')).toBe('6982')
    send(`0024008010${PIN}3131313131313131`)
    send(verify('3131313131313131'))
    expect(send('00fa1001')).toBe('6a86')
    expect(send('00fa0508')).toBe('9000')
    expect(send(PIN_STATUS)).toBe('63c5')
    expect(send(verify(PIN))).toBe('9000')
    expect(send('00f7008100')).toContain('06020808')
  })
})

describe('the management key', () => {
  it('is proved by encrypting the challenge of the card', () => {
    const { send } = newCard()
    expect(send('00db3fff095c035fc1025302aabb')).toBe('6982')
    expect(openForChanges(send)).toBe('9000')
    expect(send('00db3fff095c035fc1025302aabb')).toBe('9000')
  })

  it('accepts a challenge or a witness once, and nothing without having asked', () => {
    const { send } = newCard()
    const key = defaultManagementKey(ALGORITHM.tripleDes)
    const challenge = fromHex(send('0087039b047c028100').slice(8, 24))
    const response = toHex(nodeCrypto.encryptBlock('3DES', key, challenge))
    expect(send('0087039b0c7c0a82080000000000000000')).toBe('6982')
    expect(send(`0087039b0c7c0a8208${response}`)).toBe('6982')
    expect(send('0087039b167c1480080000000000000000810800000000000000 00'.replace(' ', ''))).toBe('6982')
    const witness = fromHex(send('0087039b047c028000').slice(8, 24))
    const clear = toHex(nodeCrypto.decryptBlock('3DES', key, witness))
    // A witness does not answer a challenge, nor the other way round.
    expect(send(`0087039b0c7c0a8208${clear}`)).toBe('6982')
    expect(send(`0087039b167c148008${clear}81080000000000000000`)).toBe('6982')
  })

  it('encrypts nothing for those who have not proved it', () => {
    const { send } = newCard()
    expect(send('0087039b0e7c0c81080102030405060708 8200'.replace(' ', ''))).toBe('6a80')
    expect(send('0087039b0c7c0a81080102030405060708')).toBe('6a80')
  })

  it('is not another algorithm, but 00 is an older name of 03', () => {
    const { send } = newCard()
    expect(send('0087089b047c028000')).toBe('6a80')
    expect(send('0087009b047c028000')).toMatch(/^7c0a8008.*9000$/)
  })

  it('is set for those who proved it, with the right length', () => {
    const { send } = newCard()
    const aes = '00ffffff13089b10000102030405060708090a0b0c0d0e0f'
    expect(send(aes)).toBe('6982')
    openForChanges(send)
    expect(send('00ffffff0b089b080001020304050607')).toBe('6a80')
    expect(send(aes)).toBe('9000')
    expect(send('00f7009b00')).toBe('0101080202000105010 09000'.replace(' ', ''))
  })
})

describe('the form of commands', () => {
  it('chains, and drops a chain that something else interrupts', () => {
    const { send } = newCard()
    expect(send('10db3fff025c03')).toBe('9000')
    expect(send(PIN_STATUS)).toBe('6883')
    expect(send(PIN_STATUS)).toBe('63c3')
    openForChanges(send)
    for (const part of ['10db3fff035c035f', '10db3fff02c102', '00db3fff025300']) expect(send(part)).toBe('9000')
  })

  it('does not take a chain without an end', () => {
    const { send } = newCard()
    const answers = Array.from({ length: 70 }, () => send(`10db3fffff${'00'.repeat(255)}`))
    expect(answers).toContain('6700')
  })

  it('gives long answers in parts, as large as they are asked for', () => {
    const { send } = newCard()
    openForChanges(send)
    const value = 'ab'.repeat(600)
    expect(send(`00db3fff000261${'5c035fc102'}53820258${value}`)).toBe('9000')
    const first = send('00cb3fff055c035fc10200')
    expect(first.slice(-4)).toBe('6100')
    const second = send('00c0000000')
    expect(second.slice(-4)).toBe('615c')
    const third = send('00c0000010')
    expect(third.slice(-4)).toBe('614c')
    const fourth = send('00c000004c')
    expect(fourth.slice(-4)).toBe('9000')
    expect([first, second, third, fourth].map((part) => part.slice(0, -4)).join('')).toBe(`53820258${value}`)
    expect(send('00cb3fff0000055c035fc1020000')).toBe(`53820258${value}9000`)
  })

  it('forgets what is left of an answer when another command comes', () => {
    const { send } = newCard()
    openForChanges(send)
    send(`00db3fff000261${'5c035fc102'}53820258${'ab'.repeat(600)}`)
    send('00cb3fff055c035fc10200')
    send(PIN_STATUS)
    expect(send('00c0000000')).toBe('9000')
  })

  it.each([
    ['', '6700'],
    ['0020', '6700'],
    ['0020008002aa', '6700'],
    ['80200080', '6e00'],
    ['00b00000', '6d00'],
    ['00cb3fff025c00', '6a80'],
    ['00cb3fff035c0153', '6a82'],
    ['00cb3fff055c0300000000', '6a80'],
    ['00cb0000055c035fc10200', '6a86'],
    ['004700990 3ac0080'.replace(' ', ''), '6a86'],
    ['0087119a00', '6a80'],
    ['0087119b047c028000', '6a80'],
  ])('answers %j with %s', (command, status) => {
    expect(newCard().send(command)).toBe(status)
  })

  it('never throws, never opens and never loses its state, whatever is sent', () => {
    const ins = fc.constantFrom(0xa4, 0xcb, 0xdb, 0x20, 0x24, 0x2c, 0x47, 0x87, 0xf7, 0xfa, 0xfb, 0xfe, 0xff, 0xc0)
    const cla = fc.constantFrom(0x00, 0x10, 0x80)
    const p2 = fc.constantFrom(0x80, 0x81, 0x9a, 0x9b, 0xff, 0x00)
    const command = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .tuple(cla, ins, fc.constantFrom(0, 0x03, 0x11, 0x3f, 0xff), p2, fc.uint8Array({ maxLength: 30 }))
        .map(([c, i, p, q, data]) => concat(Uint8Array.of(c, i, p, q, data.length), data)),
    )
    fc.assert(
      fc.property(fc.array(command, { maxLength: 30 }), (commands) => {
        const { card, storage } = newCard()
        for (const bytes of commands) {
          const answer = card.transmit(bytes)
          expect(answer.length).toBeGreaterThanOrEqual(2)
        }
        const { keys, objects, managementKey } = storage.load()
        expect([keys.size, objects.size, toHex(managementKey.value)]).toEqual([0, 0, '0102030405060708'.repeat(3)])
      }),
      { numRuns: 500 },
    )
  })
})

describe('keys', () => {
  it('imported must lie in the range of the curve', () => {
    const { send } = newCard()
    const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'
    openForChanges(send)
    expect(send(`00fe119a220620${order}`)).toBe('6a80')
    expect(send(`00fe119a220620${'00'.repeat(32)}`)).toBe('6a80')
    expect(send(`00fe149a220620${'01'.repeat(32)}`)).toBe('6a80')
    expect(send(`00fe119a220620${'01'.repeat(32)}`)).toBe('9000')
    expect(isPrivateKey('P-256', fromHex(order))).toBe(false)
  })

  it.each(['P-256', 'P-384'] as const)('sign digests as node:crypto verifies them: %s', (curve) => {
    const { privateKey, publicKey } = nodeCrypto.generateKeyPair(curve)
    const hash = curve === 'P-256' ? 'SHA-256' : 'SHA-384'
    for (let i = 0; i < 50; i += 1) {
      const message = nodeCrypto.randomBytes(i)
      const der = signDigest(nodeCrypto, curve, privateKey, nodeCrypto.hash(hash, message))
      const integers = toHex(der).slice(4)
      const [rLength = 0, half] = [Number.parseInt(integers.slice(2, 4), 16), privateKey.length * 2]
      const r = integers.slice(4, 4 + 2 * rLength)
      const s = integers.slice(8 + 2 * rLength)
      const raw = fromHex(r.padStart(half, '0').slice(-half) + s.padStart(half, '0').slice(-half))
      expect(nodeCrypto.verify(curve === 'P-256' ? 'ES256' : 'ES384', publicKey, message, raw)).toBe(true)
    }
  })

  it('of RSA are refused, and so is a slot that holds none', () => {
    const { send } = newCard()
    openForChanges(send)
    expect(send('0047009a05ac0380010700')).toBe('6a80')
    expect(send('0047009b05ac0380011100')).toBe('6a86')
    expect(send('00f7009a00')).toBe('6a88')
  })
})

describe('the state', () => {
  function folder(): string {
    const path = mkdtempSync(join(tmpdir(), 'tessera-card-'))
    onTestFinished(() => rmSync(path, { recursive: true }))
    return path
  }

  it('is written down and read back', () => {
    const { send, storage } = newCard()
    openForChanges(send)
    send('0047009a05ac0380011100')
    send('0047009c05ac0380011400')
    send('00db3fff095c035fc1025302aabb')
    send(verify(WRONG))
    const state = storage.load()
    expect(stateFromText(stateToText(state))).toEqual(state)
    expect(state.keys.size).toBe(2)
  })

  it('is kept in a file from one card to the next, and leaves no other file', () => {
    const path = join(folder(), 'card.json')
    newCard(blankCard(), fileStorage(path, blankCard)).send(verify(WRONG))
    expect(newCard(blankCard(), fileStorage(path, blankCard)).send(PIN_STATUS)).toBe('63c2')
    expect(readdirSync(join(path, '..'))).toEqual(['card.json'])
  })

  it.each<[string, (state: Record<string, unknown>) => unknown]>([
    ['no card at all', () => ({})],
    ['another format', (state) => ({ ...state, format: 'tessera-virtual-card-2' })],
    ['more tries left than there are', (state) => ({ ...state, pin: { value: PIN, retriesLeft: 4, retriesTotal: 3 } })],
    ['a PIN of 7 bytes', (state) => ({ ...state, pin: { value: PIN.slice(2), retriesLeft: 3, retriesTotal: 3 } })],
    ['a short management key', (state) => ({ ...state, managementKey: { algorithm: 3, value: '00' } })],
    ['something unknown', (state) => ({ ...state, extra: 1 })],
  ])('that is %s is refused', (_name, change) => {
    const state = JSON.parse(stateToText(blankCard())) as Record<string, unknown>
    expect(() => stateFromText(JSON.stringify(change(state)))).toThrow()
  })

  it('does not overwrite a file that holds no card', () => {
    const path = join(folder(), 'card.json')
    writeFileSync(path, 'a letter to grandmother')
    expect(() => newCard(blankCard(), fileStorage(path, blankCard))).toThrow()
    expect(readFileSync(path, 'utf8')).toBe('a letter to grandmother')
  })

  it('survives a kill at any moment: a whole state, and never a try given back', async () => {
    const path = join(folder(), 'card.json')
    const total = { ...blankCard(), pin: { value: fromHex(PIN), retriesLeft: 15, retriesTotal: 15 } }
    fileStorage(path, () => total)
    const program = `
      import { nodeCrypto } from ${JSON.stringify(new URL('../../native/crypto.ts', import.meta.url).href)}
      import { VirtualCard } from ${JSON.stringify(new URL('../../native/virtual-card/card.ts', import.meta.url).href)}
      import { fileStorage } from ${JSON.stringify(new URL('../../native/virtual-card/storage.ts', import.meta.url).href)}
      const card = new VirtualCard({ crypto: nodeCrypto, storage: fileStorage(${JSON.stringify(path)}, () => { throw new Error() }) })
      const hex = (text) => Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16))
      card.transmit(hex('${SELECT}'))
      for (;;) {
        process.stdout.write(String(card.transmit(hex('${verify(WRONG)}'))[1] & 15) + '\\n')
        await new Promise((resolve) => setTimeout(resolve, 5))
      }`
    for (let round = 0; round < 4; round += 1) {
      const before = stateFromText(readFileSync(path, 'utf8')).pin.retriesLeft
      const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const told: number[] = []
      await new Promise<void>((resolve) => {
        child.stdout.on('data', (chunk) => {
          told.push(...String(chunk).trim().split('\n').map(Number))
          child.kill('SIGKILL')
        })
        child.on('close', () => resolve())
      })
      expect(told.length).toBeGreaterThan(0)
      const after = stateFromText(readFileSync(path, 'utf8')).pin.retriesLeft
      expect(after).toBeLessThanOrEqual(Math.min(before, ...told))
    }
  })
})
