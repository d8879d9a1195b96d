/**
 * What every adapter of native/reader.ts must do. An adapter's test gives a bench: one reader into which a card that speaks
 * PIV (native/virtual-card/) can be put and from which it can be pulled.
 *
 *   readerContract('simulated readers', async () => ({ readerName, open, insert, pull, close }))
 */

import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import {
  type CardConnection,
  ReaderError,
  type ReaderErrorKind,
  type ReaderState,
  type Readers,
  type ReadersStatus,
} from '../../native/reader.ts'
import { toHex } from '../../protocol/bytes.ts'

export interface ReaderBench {
  readonly readerName: string
  readonly simulated: boolean
  /** The reader has keys of its own. */
  readonly hasPinPad?: boolean
  /** Another program's view of the same readers, at each call. */
  open(): Promise<Readers>
  /** A virtual card with its own ATR, PIV not selected yet; resolves once the card is in, not when it is seen. */
  insert(): Promise<void>
  pull(): Promise<void>
  close(): Promise<void>
}

const SELECT_PIV = Uint8Array.of(0x00, 0xa4, 0x04, 0x00, 0x05, 0xa0, 0x00, 0x00, 0x03, 0x08, 0x00)
const VERIFY_DEFAULT_PIN = Uint8Array.of(0, 0x20, 0, 0x80, 8, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0xff, 0xff)
const PIN_STATUS = Uint8Array.of(0x00, 0x20, 0x00, 0x80)
const SW_SUCCESS = '9000'

/** Time within which a change must be told, and a pulled card be an error: far more than it takes, a busy machine is no failure. */
const LIMIT_MS = 20_000

export function readerContract(name: string, createBench: () => Promise<ReaderBench>): void {
  describe(`${name}: contract of native/reader.ts`, () => {
    let bench: ReaderBench
    let readers: Readers

    beforeEach(async () => {
      bench = await createBench()
      readers = await bench.open()
    })
    afterEach(async () => {
      await readers.close()
      await bench.close()
    })

    /** Readers that end with the test. */
    async function openAnother(): Promise<Readers> {
      const another = await bench.open()
      onTestFinished(() => another.close())
      return another
    }

    async function insertAndConnect(share: 'exclusive' | 'shared' = 'exclusive'): Promise<CardConnection> {
      await bench.insert()
      await stateIs(readers, bench.readerName, 'card')
      return readers.connect(bench.readerName, { share })
    }

    describe('PIN pad', () => {
      it('is told to be there or not, and the card answers as before', async () => {
        const connection = await insertAndConnect()
        const pad = await connection.pinPad()
        expect(pad === undefined || typeof pad.verify === 'function').toBe(true)
        expect(pad !== undefined).toBe(bench.hasPinPad ?? false)
        expect(await connection.pinPad().then((again) => again !== undefined)).toBe(pad !== undefined)
        expect(toHex(await connection.transmit(SELECT_PIV)).slice(-4)).toBe(SW_SUCCESS)
        await connection.disconnect('reset')
      })
    })

    describe('status', () => {
      it('lists the reader, empty, with the service ready', async () => {
        const status = await stateIs(readers, bench.readerName, 'empty')
        expect(status.service).toEqual({ kind: 'ready' })
        expect(readerIn(status, bench.readerName)?.simulated).toBe(bench.simulated)
      })

      it('tells insertion and removal, and counts insertions', async () => {
        const before = readerIn(await stateIs(readers, bench.readerName, 'empty'), bench.readerName)?.insertions ?? -1
        await bench.insert()
        const inserted = readerIn(await stateIs(readers, bench.readerName, 'card'), bench.readerName)
        expect(inserted?.insertions).toBe(before + 1)
        const { state } = inserted ?? {}
        expect(state?.kind === 'card' && state.atr.length).toBeGreaterThan(1)
        await bench.pull()
        const pulled = readerIn(await stateIs(readers, bench.readerName, 'empty'), bench.readerName)
        expect(pulled?.insertions).toBe(before + 1)
        await bench.insert()
        expect(readerIn(await stateIs(readers, bench.readerName, 'card'), bench.readerName)?.insertions).toBe(before + 2)
      })

      it('never calls a listener within subscribe, and not after it stopped', async () => {
        await stateIs(readers, bench.readerName, 'empty')
        let calls = 0
        const stop = readers.subscribe(() => {
          calls += 1
        })
        expect(calls).toBe(0)
        await bench.insert()
        await stateIs(readers, bench.readerName, 'card')
        expect(calls).toBeGreaterThan(0)
        stop()
        const then = calls
        await bench.pull()
        await stateIs(readers, bench.readerName, 'empty')
        expect(calls).toBe(then)
      })

      it('says that another program holds the card exclusively', async () => {
        const connection = await insertAndConnect('exclusive')
        const other = await openAnother()
        await stateIs(other, bench.readerName, 'in-use')
        await connection.disconnect('leave')
        await stateIs(other, bench.readerName, 'card')
      })
    })

    describe('connect', () => {
      it('refuses a reader that is not there and a reader without a card', async () => {
        await stateIs(readers, bench.readerName, 'empty')
        await rejects(readers.connect('No Such Reader 99', { share: 'shared' }), 'reader-gone')
        await rejects(readers.connect(bench.readerName, { share: 'shared' }), 'no-card')
      })

      it('gives the ATR that status shows, and a protocol', async () => {
        const connection = await insertAndConnect()
        const { state } = readerIn(readers.status(), bench.readerName) ?? {}
        expect(state?.kind === 'card' && toHex(state.atr)).toBe(toHex(connection.atr))
        expect(connection.reader).toBe(bench.readerName)
        expect(['T=0', 'T=1']).toContain(connection.protocol)
        await connection.disconnect('reset')
      })

      it('lets two share, and nobody beside one who holds the card exclusively', async () => {
        const other = await openAnother()
        const shared = await insertAndConnect('shared')
        await stateIs(other, bench.readerName, 'card')
        const second = await other.connect(bench.readerName, { share: 'shared' })
        await rejects(other.connect(bench.readerName, { share: 'exclusive' }), 'in-use')
        await second.disconnect('leave')
        await shared.disconnect('leave')
        const exclusive = await readers.connect(bench.readerName, { share: 'exclusive' })
        await rejects(other.connect(bench.readerName, { share: 'shared' }), 'in-use')
        await exclusive.disconnect('leave')
        await (await other.connect(bench.readerName, { share: 'exclusive' })).disconnect('leave')
      })
    })

    describe('transmit', () => {
      it('carries APDUs both ways and leaves the command as it was', async () => {
        const connection = await insertAndConnect()
        const command = Uint8Array.from(SELECT_PIV)
        const answer = await connection.transmit(command)
        expect(toHex(answer.subarray(-2))).toBe(SW_SUCCESS)
        expect(answer[0]).toBe(0x61)
        expect(toHex(command)).toBe(toHex(SELECT_PIV))
        expect(toHex(await connection.transmit(PIN_STATUS))).toBe('63c3')
        await connection.disconnect('reset')
      })

      it('keeps the order of what is asked at once', async () => {
        const connection = await insertAndConnect()
        const answers = await Promise.all([SELECT_PIV, VERIFY_DEFAULT_PIN, PIN_STATUS].map((c) => connection.transmit(c)))
        expect(answers.map((answer) => toHex(answer.subarray(-2)))).toEqual([SW_SUCCESS, SW_SUCCESS, SW_SUCCESS])
        await connection.disconnect('reset')
      })

      it('tells how long each command took, also of those that are asked at once', async () => {
        const connection = await insertAndConnect()
        const took: number[][] = [[], []]
        await connection.transmit(SELECT_PIV, (ms) => took[0]?.push(ms))
        await Promise.all(
          [VERIFY_DEFAULT_PIN, PIN_STATUS].map((command, i) => connection.transmit(command, (ms) => took[i]?.push(ms))),
        )
        expect(took.map(({ length }) => length)).toEqual([2, 1])
        for (const ms of took.flat()) expect(ms).toBeGreaterThanOrEqual(0)
        await connection.disconnect('reset')
      })

      it('rejects after the card was pulled, within the limit, and works with the next one', async () => {
        const connection = await insertAndConnect()
        await connection.transmit(SELECT_PIV)
        await bench.pull()
        const started = Date.now()
        await rejects(connection.transmit(PIN_STATUS), 'card-removed')
        expect(Date.now() - started).toBeLessThan(LIMIT_MS)
        await stateIs(readers, bench.readerName, 'empty')
        await connection.disconnect('reset')
        const next = await insertAndConnect()
        expect(toHex((await next.transmit(SELECT_PIV)).subarray(-2))).toBe(SW_SUCCESS)
        await next.disconnect('reset')
      })

      it('does not let a connection go on with the card that came after', async () => {
        const connection = await insertAndConnect()
        await connection.transmit(SELECT_PIV)
        await bench.pull()
        await stateIs(readers, bench.readerName, 'empty')
        await bench.insert()
        await stateIs(readers, bench.readerName, 'card')
        await rejects(connection.transmit(PIN_STATUS), 'card-removed', 'card-reset')
        await connection.disconnect('reset')
      })
    })

    describe('transactions and resets', () => {
      it('keeps the other program waiting until the transaction ends', async () => {
        const other = await openAnother()
        const first = await insertAndConnect('shared')
        await stateIs(other, bench.readerName, 'card')
        const second = await other.connect(bench.readerName, { share: 'shared' })
        const order: string[] = []
        await first.beginTransaction()
        const secondBegins = second.beginTransaction().then(() => order.push('second begins'))
        await first.transmit(SELECT_PIV)
        await new Promise((resolve) => setTimeout(resolve, 100))
        order.push('first ends')
        await first.endTransaction('leave')
        await secondBegins
        expect(order).toEqual(['first ends', 'second begins'])
        await second.endTransaction('leave')
        await first.disconnect('leave')
        await second.disconnect('leave')
      })

      it('ends a transaction with the connection that holds it', async () => {
        const other = await openAnother()
        const first = await insertAndConnect('shared')
        await stateIs(other, bench.readerName, 'card')
        const second = await other.connect(bench.readerName, { share: 'shared' })
        await first.beginTransaction()
        await first.disconnect('leave')
        await second.beginTransaction()
        await second.endTransaction('leave')
        await second.disconnect('leave')
      })

      it('refuses to end a transaction that nobody began', async () => {
        const connection = await insertAndConnect()
        await rejects(connection.endTransaction('leave'))
        await connection.disconnect('leave')
      })

      it('tells the others of a reset, and what was verified is lost', async () => {
        const other = await openAnother()
        const first = await insertAndConnect('shared')
        await stateIs(other, bench.readerName, 'card')
        const second = await other.connect(bench.readerName, { share: 'shared' })
        await first.transmit(SELECT_PIV)
        expect(toHex(await first.transmit(VERIFY_DEFAULT_PIN))).toBe(SW_SUCCESS)
        await second.reconnect('reset')
        await rejects(first.transmit(PIN_STATUS), 'card-reset')
        await first.reconnect('leave')
        await first.transmit(SELECT_PIV)
        expect(toHex(await first.transmit(PIN_STATUS))).toBe('63c3')
        await first.disconnect('leave')
        await second.disconnect('leave')
      })

      it('loses what was verified when a ceremony disconnects with a reset', async () => {
        const connection = await insertAndConnect()
        await connection.transmit(SELECT_PIV)
        await connection.transmit(VERIFY_DEFAULT_PIN)
        await connection.disconnect('reset')
        const next = await readers.connect(bench.readerName, { share: 'exclusive' })
        await next.transmit(SELECT_PIV)
        expect(toHex(await next.transmit(PIN_STATUS))).toBe('63c3')
        await next.disconnect('reset')
      })
    })

    describe('the end', () => {
      it('disconnects twice without an error, and refuses what comes after', async () => {
        const connection = await insertAndConnect()
        await connection.disconnect('reset')
        await connection.disconnect('reset')
        await rejects(connection.transmit(SELECT_PIV))
      })

      it('lets go of everything on close', async () => {
        const other = await openAnother()
        const connection = await other.connect(bench.readerName, { share: 'shared' }).catch((error: unknown) => error)
        expect(connection).toBeInstanceOf(ReaderError)
        await bench.insert()
        await stateIs(other, bench.readerName, 'card')
        const held = await other.connect(bench.readerName, { share: 'exclusive' })
        await other.close()
        await rejects(held.transmit(SELECT_PIV))
        await rejects(other.connect(bench.readerName, { share: 'shared' }))
        await stateIs(readers, bench.readerName, 'card')
        await (await readers.connect(bench.readerName, { share: 'exclusive' })).disconnect('reset')
      })
    })
  })
}

function readerIn(status: ReadersStatus, name: string) {
  return status.readers.find((reader) => reader.name === name)
}

/** Waits for the reader to be in this state; throws after LIMIT_MS with what it was instead. */
async function stateIs(readers: Readers, name: string, kind: ReaderState['kind']): Promise<ReadersStatus> {
  const holds = (status: ReadersStatus) => readerIn(status, name)?.state.kind === kind
  if (holds(readers.status())) return readers.status()
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void) => {
      clearTimeout(timer)
      stop()
      settle()
    }
    const timer = setTimeout(() => {
      const instead = JSON.stringify(readers.status())
      finish(() => reject(new Error(`${name} is not '${kind}' after ${LIMIT_MS} ms: ${instead}`)))
    }, LIMIT_MS)
    const stop = readers.subscribe((status) => {
      if (holds(status)) finish(() => resolve(status))
    })
  })
}

async function rejects(promise: Promise<unknown>, ...kinds: readonly ReaderErrorKind[]): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(ReaderError)
  if (error instanceof ReaderError && kinds.length > 0) expect(kinds).toContain(error.kind)
}
