import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { nodeCrypto } from '../../native/crypto.ts'
import { ReaderError } from '../../native/reader.ts'
import { VirtualCard } from '../../native/virtual-card/card.ts'
import type { Fault } from '../../native/virtual-card/faults.ts'
import { SimulatedPad } from '../../native/virtual-card/simulated-pad.ts'
import { createSimulatedReaders } from '../../native/virtual-card/simulated-readers.ts'
import { blankCard } from '../../native/virtual-card/state.ts'
import { memoryStorage } from '../../native/virtual-card/storage.ts'
import { fromHex, toHex } from '../../protocol/bytes.ts'
import { buildPinModify, buildPinVerify } from '../../protocol/pin-pad.ts'
import { readerContract } from '../contracts/reader.ts'

const NAME = 'Simulated reader 1'
const newCard = () => new VirtualCard({ crypto: nodeCrypto, storage: memoryStorage(blankCard()) })
const SELECT = fromHex('00a4040005a00000030800')
const WRONG_PIN = fromHex('0020008008393939393939ffff')
const PIN_STATUS = fromHex('00200080')

readerContract('simulated readers', async () => {
  const readers = createSimulatedReaders({ names: [NAME] })
  return {
    readerName: NAME,
    simulated: true,
    open: async () => readers.openForAnotherProgram(),
    insert: async () => readers.insert(NAME, newCard()),
    pull: async () => readers.remove(NAME),
    close: () => readers.close(),
  }
})

readerContract('simulated readers with a PIN pad', async () => {
  const readers = createSimulatedReaders({ names: [NAME] })
  readers.setPad(NAME, new SimulatedPad())
  return {
    readerName: NAME,
    simulated: true,
    hasPinPad: true,
    open: async () => readers.openForAnotherProgram(),
    insert: async () => readers.insert(NAME, newCard()),
    pull: async () => readers.remove(NAME),
    close: () => readers.close(),
  }
})

describe('simulated readers: what can be made to happen', () => {
  async function withCard() {
    const readers = createSimulatedReaders({ names: [NAME, 'Simulated reader 2'] })
    const card = newCard()
    readers.insert(NAME, card)
    const connect = () => readers.connect(NAME, { share: 'exclusive' })
    return { readers, card, connect, connection: await connect() }
  }
  const kindOf = (error: unknown) => (error instanceof ReaderError ? error.kind : error)

  it.each<[Fault['kind'], string, string]>([
    ['pull-before', 'card-removed', '63c3'],
    ['lose-answer', 'card-removed', '63c2'],
    ['pull-after', '63c2', '63c2'],
  ])('%s at the second APDU', async (kind, second, afterwards) => {
    const { readers, card, connection, connect } = await withCard()
    readers.arm(NAME, { kind, apdu: 2 })
    await connection.transmit(SELECT)
    expect(await connection.transmit(WRONG_PIN).then(toHex, kindOf)).toBe(second)
    expect(readers.status().readers[0]?.state).toEqual({ kind: 'empty' })
    expect(await connection.transmit(PIN_STATUS).catch(kindOf)).toBe('card-removed')
    readers.insert(NAME, card)
    const again = await connect()
    await again.transmit(SELECT)
    expect(toHex(await again.transmit(PIN_STATUS))).toBe(afterwards)
  })

  it('ends a slow APDU at once when the card is pulled, and the card has not done it', async () => {
    const { readers, card, connection, connect } = await withCard()
    await connection.transmit(SELECT)
    readers.setDelay(NAME, 60_000)
    const slow = connection.transmit(WRONG_PIN).catch(kindOf)
    await new Promise((resolve) => setTimeout(resolve, 10))
    readers.remove(NAME)
    expect(await slow).toBe('card-removed')
    readers.setDelay(NAME, 0)
    readers.insert(NAME, card)
    const again = await connect()
    await again.transmit(SELECT)
    expect(toHex(await again.transmit(PIN_STATUS))).toBe('63c3')
  })

  it('moves a card from one reader to the other', async () => {
    const { readers, card, connection } = await withCard()
    readers.insert('Simulated reader 2', card)
    expect(readers.status().readers.map(({ state }) => state.kind)).toEqual(['empty', 'card'])
    expect(await connection.transmit(SELECT).catch(kindOf)).toBe('card-removed')
  })

  it('unplugs a reader in use and plugs it in again', async () => {
    const { readers, connection } = await withCard()
    readers.unplug(NAME)
    expect(await connection.transmit(SELECT).catch(kindOf)).toBe('reader-gone')
    expect(readers.status().readers.map(({ name }) => name)).toEqual(['Simulated reader 2'])
    readers.plug(NAME)
    expect(readers.status().readers).toHaveLength(2)
  })

  it('stops and starts the service', async () => {
    const { readers, connection, connect } = await withCard()
    readers.setService({ kind: 'service-down' })
    expect(readers.status()).toEqual({ service: { kind: 'service-down' }, readers: [] })
    expect(await connection.transmit(SELECT).catch(kindOf)).toBe('no-service')
    expect(await connect().catch(kindOf)).toBe('no-service')
    readers.setService({ kind: 'ready' })
    expect(toHex((await (await connect()).transmit(SELECT)).subarray(-2))).toBe('9000')
  })
})

describe('a simulated PIN pad', () => {
  async function waiting() {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const pad = new SimulatedPad()
    const readers = createSimulatedReaders({ names: [NAME] })
    readers.setPad(NAME, pad)
    readers.insert(NAME, newCard())
    const connection = await readers.connect(NAME, { share: 'exclusive' })
    await connection.transmit(SELECT)
    return { pad, connection, reader: await connection.pinPad(), readers }
  }

  it('gives up after the time that the structure names', async () => {
    const { reader } = await waiting()
    const answer = reader?.verify(buildPinVerify(30))
    await vi.advanceTimersByTimeAsync(30_000)
    expect(toHex((await answer) ?? new Uint8Array(0))).toBe('6400')
  })

  it('refuses a structure that is none, and a second entry beside the first', async () => {
    const { pad, reader, connection } = await waiting()
    expect(toHex((await reader?.verify(new Uint8Array(19))) ?? new Uint8Array(0))).toBe('6b80')
    const first = reader?.verify(buildPinVerify(30))
    await vi.advanceTimersByTimeAsync(0)
    await expect(connection.pinPad().then((again) => again?.verify(buildPinVerify(30)))).rejects.toThrow(ReaderError)
    for (const key of ['1', '2', '3', '4', '5', '6', 'ok'] as const) pad.press(key)
    await vi.advanceTimersByTimeAsync(0)
    expect(toHex((await first) ?? new Uint8Array(0))).toBe('9000')
  })

  const NONE = new Uint8Array(0)
  const press = (pad: SimulatedPad, digits: string, key: 'ok' | 'cancel' = 'ok') => {
    for (const digit of digits) pad.press(digit as '0')
    pad.press(key)
  }
  /** From the structure to the reader's status word; the keys are pressed when the reader waits. */
  async function modified(entries: readonly string[], structure = buildPinModify(60)) {
    const { pad, reader, connection } = await waiting()
    const asked: (string | undefined)[] = []
    const answer = reader?.modify?.(structure)
    await vi.advanceTimersByTimeAsync(0)
    for (const entry of entries) {
      asked.push(pad.asks)
      press(pad, entry)
    }
    await vi.advanceTimersByTimeAsync(0)
    return { asked, answer, sw: async () => toHex((await answer) ?? NONE), connection, pad }
  }
  const verify = async (connection: { transmit(command: Uint8Array): Promise<Uint8Array> }, pin: string) =>
    toHex(await connection.transmit(Uint8Array.from([0, 0x20, 0, 0x80, 8, ...Buffer.from(pin), 0xff, 0xff])))

  it('changes a PIN: asks for the present one, the new one and the new one again, and has the card do it', async () => {
    const { asked, sw, connection, pad } = await modified(['123456', '271828', '271828'])
    expect(asked).toEqual(['pin', 'new-pin', 'new-pin-again'])
    expect(await sw()).toBe('9000')
    expect(pad.asks).toBeUndefined()
    expect(await verify(connection, '123456')).toBe('63c2')
    expect(await verify(connection, '271828')).toBe('9000')
  })

  it.each([
    ['two new PINs that differ', ['123456', '271828', '271829'], '6402'],
    ['a new PIN that is too short', ['123456', '27182'], '6403'],
  ])('%s change nothing, and cost no try', async (_, entries, status) => {
    const { sw, connection } = await modified(entries)
    expect(await sw()).toBe(status)
    expect(await verify(connection, '123456')).toBe('9000')
  })

  it('a wrong present PIN costs a try, and is the card’s word', async () => {
    expect(await (await modified(['999111', '271828', '271828'])).sw()).toBe('63c2')
  })

  it('the red key and the end of the time end a change, whichever entry it is at', async () => {
    const { pad, sw } = await modified(['123456'])
    expect(pad.asks).toBe('new-pin')
    press(pad, '27', 'cancel')
    expect(await sw()).toBe('6401')
    const late = await modified(['123456', '271828'])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(await late.sw()).toBe('6400')
  })

  it.each([
    ['bConfirmPIN that it does not know', 9, 0x04],
    ['fewer messages than prompts', 11, 0x02],
    ['a message that belongs to another prompt', 15, 0x02],
    ['a new PIN that reaches beyond the command', 6, 0x09],
    ['more digits than the block has', 7, 0x09],
    ['another command', 25, 0x2c],
    ['a length that is not the command’s', 20, 0x14],
  ])('refuses a structure with %s', async (_, at, value) => {
    const structure = buildPinModify(60)
    structure[at] = value
    expect(await (await modified([], structure)).sw()).toBe('6b80')
  })

  it('asks once for a new PIN that need not be confirmed, and puts it where the structure says', async () => {
    const structure = buildPinModify(60)
    structure.set([0x02, 0x02, 0x02], 9)
    const { asked, sw, connection } = await modified(['123456', '271828'], structure)
    expect(asked).toEqual(['pin', 'new-pin'])
    expect(await sw()).toBe('9000')
    expect(await verify(connection, '271828')).toBe('9000')
  })

  it('ends when the card is pulled, and waits for nothing more', async () => {
    const { pad, reader, readers } = await waiting()
    const answer = reader?.verify(buildPinVerify(30))
    const rejected = expect(answer).rejects.toMatchObject({ kind: 'card-removed' })
    await vi.advanceTimersByTimeAsync(0)
    readers.remove(NAME)
    await rejected
    expect(pad.shown).toBeUndefined()
  })
})
