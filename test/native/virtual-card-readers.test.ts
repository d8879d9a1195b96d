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
import { buildPinVerify } from '../../protocol/pin-pad.ts'
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
