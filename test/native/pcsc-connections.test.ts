import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Connections } from '../../native/pcsc/connections.ts'
import { SCARD_STATE_EMPTY, SCARD_STATE_PRESENT } from '../../native/pcsc/constants.ts'
import { Holds } from '../../native/pcsc/holds.ts'
import { ReaderError } from '../../native/reader.ts'
import { FakePcsc } from './pcsc/fake-pcsc.ts'

const COMMAND = [0x00, 0x20, 0x00, 0x80]

async function open(share: 'exclusive' | 'shared' = 'exclusive') {
  const pcsc = new FakePcsc()
  pcsc.set('A', SCARD_STATE_PRESENT)
  const holds = new Holds()
  const connections = new Connections(pcsc, holds)
  const { connection } = await connections.connect('A', share)
  return { pcsc, holds, connections, connection }
}

describe('connections', () => {
  it('answer a command without a detour, and wipe it: it may carry a PIN', async () => {
    const { connections, connection } = await open()
    const command = Uint8Array.from(COMMAND)
    expect(connections.transmit(connection, command)).toMatchObject({ data: Uint8Array.of(0x90, 0) })
    expect(command).toEqual(new Uint8Array(COMMAND.length))
  })

  it('wipe a command that fails, too', async () => {
    const { pcsc, connections, connection } = await open()
    pcsc.onTransmit = () => new ReaderError('card-reset', 'SCARD_W_RESET_CARD')
    const command = Uint8Array.from(COMMAND)
    await expect(connections.transmit(connection, command)).rejects.toMatchObject({ kind: 'card-reset' })
    expect(command).toEqual(new Uint8Array(COMMAND.length))
  })

  it('time each command by itself: what it waited for before does not count', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const { pcsc, connections, connection } = await open('shared')
    let letGo: () => void = () => undefined
    pcsc.onBegin = () => new Promise((resolve) => (letGo = resolve))
    const begun = connections.begin(connection)
    const answered = connections.transmit(connection, Uint8Array.from(COMMAND))
    vi.advanceTimersByTime(50)
    pcsc.onTransmit = () => {
      vi.advanceTimersByTime(7)
      return Uint8Array.of(0x90, 0)
    }
    letGo()
    await begun
    expect((await answered).tookMs).toBe(7)
  })

  it('keep the order of calls on one card', async () => {
    const { pcsc, connections, connection } = await open('shared')
    let letGo: () => void = () => undefined
    pcsc.onBegin = () => new Promise((resolve) => (letGo = resolve))
    const order: string[] = []
    const begun = connections.begin(connection).then(() => order.push('begin'))
    const answered = Promise.resolve(connections.transmit(connection, Uint8Array.from(COMMAND))).then(() =>
      order.push('transmit'),
    )
    const ended = connections.end(connection, 'leave').then(() => order.push('end'))
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(order).toEqual([])
    letGo()
    await Promise.all([begun, answered, ended])
    expect(order).toEqual(['begin', 'transmit', 'end'])
  })

  it('say that the card was pulled where a command fails and the reader turns out to be empty', async () => {
    const { pcsc, connections, connection } = await open()
    pcsc.onTransmit = () => {
      setTimeout(() => pcsc.set('A', SCARD_STATE_EMPTY), 50)
      return new ReaderError('communication', 'SCARD_E_NOT_TRANSACTED')
    }
    await expect(connections.transmit(connection, Uint8Array.from(COMMAND))).rejects.toMatchObject({ kind: 'card-removed' })
  })

  it('keep the failure where the card stays', async () => {
    const { pcsc, connections, connection } = await open()
    pcsc.onTransmit = () => new ReaderError('communication', 'SCARD_E_NOT_TRANSACTED')
    await expect(connections.transmit(connection, Uint8Array.from(COMMAND))).rejects.toMatchObject({
      kind: 'communication',
      code: 'SCARD_E_NOT_TRANSACTED',
    })
  })

  it('say that the service died where it did', async () => {
    const { pcsc, connections, connection } = await open()
    pcsc.onTransmit = () => {
      pcsc.fail(0x8010001d)
      return new ReaderError('communication', 'SCARD_F_COMM_ERROR')
    }
    await expect(connections.transmit(connection, Uint8Array.from(COMMAND))).rejects.toMatchObject({ kind: 'no-service' })
  })

  it('let go of the context and of the hold, whatever fails', async () => {
    const { pcsc, holds, connections, connection } = await open()
    holds.beginLook()
    expect(holds.heldDuringLook('A')).toBe(true)
    await connections.disconnect(connection, 'reset')
    await connections.disconnect(connection, 'reset')
    expect(pcsc.released).toEqual([1])
    holds.beginLook()
    expect(holds.heldDuringLook('A')).toBe(false)
    await expect(connections.connect('B', 'exclusive')).rejects.toMatchObject({ kind: 'reader-gone' })
    expect(pcsc.released.length).toBe(2)
    expect(holds.heldDuringLook('B')).toBe(true)
    holds.beginLook()
    expect(holds.heldDuringLook('B')).toBe(false)
    expect(() => connections.transmit(connection, Uint8Array.from(COMMAND))).toThrow(ReaderError)
  })
})
