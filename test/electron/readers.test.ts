import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { mergeReaders, type SimulationMode } from '../../electron/readers/merged-readers.ts'
import { createSimulation, SIMULATED_READERS } from '../../electron/simulation/simulation.ts'
import { nodeCrypto } from '../../native/crypto.ts'
import type { ReadersStatus } from '../../native/reader.ts'
import { VirtualCard } from '../../native/virtual-card/card.ts'
import { createSimulatedReaders } from '../../native/virtual-card/simulated-readers.ts'
import { blankCard, FIRST_SIMULATED_SERIAL } from '../../native/virtual-card/state.ts'
import { memoryStorage } from '../../native/virtual-card/storage.ts'
import { fromHex, toHex } from '../../protocol/bytes.ts'

const [FIRST, SECOND] = SIMULATED_READERS
const SELECT_PIV = fromHex('00a4040005a000000308')

function desk(mode: SimulationMode) {
  // A reader that people can touch, played by a simulated one: only its name and what it says of itself differ.
  const hardware = createSimulatedReaders({ names: [] })
  const simulated = createSimulatedReaders({ names: SIMULATED_READERS })
  const real = {
    status: (): ReadersStatus => {
      const { service, readers } = hardware.status()
      return { service, readers: readers.map((reader) => ({ ...reader, simulated: false })) }
    },
    subscribe: (listener: (status: ReadersStatus) => void) => hardware.subscribe(() => listener(real.status())),
    connect: hardware.connect.bind(hardware),
    close: () => hardware.close(),
  }
  const merged = mergeReaders(real, simulated, mode)
  const names = () => merged.status().readers.map(({ name }) => name)
  return { hardware, simulated, merged, names }
}

const card = () => new VirtualCard({ crypto: nodeCrypto, storage: memoryStorage(blankCard()) })

describe('real and simulated readers side by side', () => {
  test('off: only what is really there', () => {
    const { hardware, names, merged } = desk('off')
    expect(names()).toEqual([])
    expect(merged.simulates()).toBe(false)
    hardware.setService({ kind: 'service-down' })
    expect(merged.status().service).toEqual({ kind: 'service-down' })
  })

  test('on: both, also with the service down', () => {
    const { hardware, names, merged } = desk('on')
    hardware.plug('Desk')
    expect(names()).toEqual(['Desk', FIRST, SECOND])
    hardware.setService({ kind: 'service-down' })
    expect(names()).toEqual([FIRST, SECOND])
    expect(merged.status().service).toEqual({ kind: 'ready' })
  })

  test('only: real cards are out of reach, so that no trial can touch one', async () => {
    const { hardware, names, merged } = desk('only')
    hardware.plug('Desk')
    hardware.insert('Desk', card())
    expect(names()).toEqual([FIRST, SECOND])
    await expect(merged.connect('Desk', { share: 'exclusive' })).rejects.toMatchObject({ kind: 'reader-gone' })
  })

  test('auto: simulated ones only while there is no real one, and nothing before the service has answered', () => {
    const { hardware, names } = desk('auto')
    hardware.setService({ kind: 'starting' })
    expect(names()).toEqual([])
    hardware.setService({ kind: 'ready' })
    expect(names()).toEqual([FIRST, SECOND])
    hardware.plug('Desk')
    expect(names()).toEqual(['Desk'])
    hardware.setService({ kind: 'no-library', library: 'x' })
    expect(names()).toEqual([FIRST, SECOND])
  })

  test('auto: a reader that is plugged in does not take a simulated card away', () => {
    const { hardware, simulated, names } = desk('auto')
    expect(names()).toEqual([FIRST, SECOND])
    simulated.insert(FIRST, card())
    hardware.plug('Desk')
    expect(names()).toEqual(['Desk', FIRST, SECOND])
    simulated.remove(FIRST)
    expect(names()).toEqual(['Desk'])
  })

  test('changes of both are told with the whole, and connections go to the right one', async () => {
    const { hardware, simulated, merged } = desk('on')
    const told: ReadersStatus[] = []
    const stop = merged.subscribe((status) => told.push(status))
    hardware.plug('Desk')
    hardware.insert('Desk', card())
    simulated.insert(SECOND, card())
    expect(told.map(({ readers }) => readers.map(({ simulated, state }) => `${simulated} ${state.kind}`))).toEqual([
      ['false empty', 'true empty', 'true empty'],
      ['false card', 'true empty', 'true empty'],
      ['false card', 'true empty', 'true card'],
    ])
    for (const name of ['Desk', SECOND]) {
      const connection = await merged.connect(name, { share: 'exclusive' })
      expect(connection.reader).toBe(name)
      expect(toHex(await connection.transmit(SELECT_PIV)).slice(-4)).toBe('9000')
      await connection.disconnect('reset')
    }
    await expect(merged.connect('None', { share: 'shared' })).rejects.toMatchObject({ kind: 'reader-gone' })
    stop()
    simulated.remove(SECOND)
    expect(told.length).toBeGreaterThanOrEqual(3)
    await merged.close()
  })

  test('a simulated reader that is not on offer cannot be used', async () => {
    const { merged } = desk('off')
    await expect(merged.connect(FIRST, { share: 'shared' })).rejects.toMatchObject({ kind: 'reader-gone' })
  })
})

describe('simulated cards', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tessera-simulated-'))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  const damaged: string[] = []
  const open = () =>
    createSimulation({ folder: join(folder, 'cards'), crypto: nodeCrypto, onDamaged: (file) => damaged.push(file) })
  const id = String(FIRST_SIMULATED_SERIAL)

  test('a new card is blank, is put in, moves and is pulled', () => {
    const simulation = open()
    let changes = 0
    simulation.subscribe(() => {
      changes += 1
    })
    simulation.perform({ kind: 'simulate-new-card' })
    expect(simulation.view()).toEqual({
      readers: [{ name: FIRST }, { name: SECOND }],
      cards: [{ id, label: 'Card 1', number: 1, state: 'blank' }],
    })
    simulation.perform({ kind: 'simulate-insert', card: id, reader: FIRST })
    expect(simulation.view().readers).toEqual([{ name: FIRST, card: id }, { name: SECOND }])
    simulation.perform({ kind: 'simulate-insert', card: id, reader: SECOND })
    expect(simulation.view().readers).toEqual([{ name: FIRST }, { name: SECOND, card: id }])
    expect(simulation.readers.status().readers.map(({ state }) => state.kind)).toEqual(['empty', 'card'])
    simulation.perform({ kind: 'simulate-remove', reader: SECOND })
    expect(simulation.readers.status().readers.map(({ state }) => state.kind)).toEqual(['empty', 'empty'])
    expect(changes).toBe(4)
  })

  test('what does not exist is left alone', () => {
    const simulation = open()
    simulation.perform({ kind: 'simulate-insert', card: '1', reader: FIRST })
    simulation.perform({ kind: 'simulate-new-card' })
    simulation.perform({ kind: 'simulate-insert', card: id, reader: 'Elsewhere' })
    simulation.perform({ kind: 'simulate-remove', reader: 'Elsewhere' })
    expect(simulation.view().readers).toEqual([{ name: FIRST }, { name: SECOND }])
  })

  test('cards are the same tomorrow, a damaged one is left out and its number is not given again', async () => {
    const simulation = open()
    simulation.perform({ kind: 'simulate-new-card' })
    simulation.perform({ kind: 'simulate-new-card' })
    simulation.perform({ kind: 'simulate-insert', card: id, reader: FIRST })
    const connection = await simulation.readers.connect(FIRST, { share: 'exclusive' })
    await connection.transmit(SELECT_PIV)
    // VERIFY with a wrong PIN: one try less, kept in the file.
    expect(toHex(await connection.transmit(fromHex('0020008008393939393939ffff')))).toBe('63c2')
    expect(statSync(join(folder, 'cards', `${id}.json`)).mode & 0o777).toBe(0o600)
    writeFileSync(join(folder, 'cards', `${FIRST_SIMULATED_SERIAL + 1}.json`), '{}')

    const tomorrow = open()
    expect(damaged).toEqual([`${FIRST_SIMULATED_SERIAL + 1}.json`])
    tomorrow.perform({ kind: 'simulate-new-card' })
    expect(tomorrow.view().cards.map(({ label }) => label)).toEqual(['Card 1', 'Card 3'])
    tomorrow.perform({ kind: 'simulate-insert', card: id, reader: FIRST })
    const again = await tomorrow.readers.connect(FIRST, { share: 'exclusive' })
    await again.transmit(SELECT_PIV)
    expect(toHex(await again.transmit(fromHex('00200080')))).toBe('63c2')
  })

  test('a holder is shown once the card is registered', async () => {
    const simulation = open()
    simulation.perform({ kind: 'simulate-new-card' })
    simulation.perform({ kind: 'simulate-insert', card: id, reader: FIRST })
    simulation.holderSeen(SECOND, 'Nobody')
    simulation.holderSeen(FIRST, 'Ada Lovelace')
    expect(simulation.view().cards).toEqual([{ id, label: 'Card 1', number: 1, state: 'blank' }])
    expect(open().view().cards).toHaveLength(1)
  })
})
