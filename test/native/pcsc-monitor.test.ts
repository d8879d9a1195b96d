import { describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  SCARD_STATE_EMPTY,
  SCARD_STATE_EXCLUSIVE,
  SCARD_STATE_MUTE,
  SCARD_STATE_PRESENT,
  SCARD_STATE_UNAVAILABLE,
} from '../../native/pcsc/constants.ts'
import { Holds } from '../../native/pcsc/holds.ts'
import { Monitor } from '../../native/pcsc/monitor.ts'
import type { ReadersStatus } from '../../native/reader.ts'
import { FakePcsc } from './pcsc/fake-pcsc.ts'

const NO_SERVICE = 0x8010001d
const SECURITY_VIOLATION = 0x8010006a
const INTERNAL_ERROR = 0x80100001

function watch(pcsc: FakePcsc) {
  vi.useFakeTimers()
  const holds = new Holds()
  const said: ReadersStatus[] = []
  const monitor = new Monitor(pcsc, holds, (status) => said.push(status))
  const ended = monitor.run()
  onTestFinished(async () => {
    monitor.stop()
    await ended
    vi.useRealTimers()
  })
  return { holds, said, monitor, ended, last: () => said.at(-1), soon: () => vi.advanceTimersByTimeAsync(1) }
}

/** The upper half of a reader's state counts what happened to it. */
const counted = (state: number, events: number) => (state | (events << 16)) >>> 0

describe('the monitor', () => {
  it('says at once that the service is ready, with and without readers', async () => {
    const pcsc = new FakePcsc()
    const { last, soon } = watch(pcsc)
    await soon()
    expect(last()).toEqual({ service: { kind: 'ready' }, readers: [] })
    pcsc.set('A', SCARD_STATE_EMPTY)
    await soon()
    expect(last()?.readers).toEqual([{ name: 'A', simulated: false, insertions: 0, state: { kind: 'empty' } }])
  })

  it('tells a card, a mute one, and one that another program holds', async () => {
    const pcsc = new FakePcsc()
    pcsc.set('A', counted(SCARD_STATE_PRESENT, 1))
    const { last, soon } = watch(pcsc)
    const atr = Uint8Array.of(0x3b, 0x00)
    await soon()
    expect(last()?.readers[0]).toMatchObject({ insertions: 1, state: { kind: 'card', atr } })
    pcsc.set('A', counted(SCARD_STATE_PRESENT | SCARD_STATE_EXCLUSIVE, 1))
    await soon()
    expect(last()?.readers[0]).toMatchObject({ insertions: 1, state: { kind: 'in-use', atr } })
    pcsc.set('A', counted(SCARD_STATE_PRESENT | SCARD_STATE_MUTE, 3), new Uint8Array(0))
    await soon()
    expect(last()?.readers[0]).toMatchObject({ insertions: 2, state: { kind: 'mute' } })
  })

  it('does not take what this process holds for another program, not even just after it let go', async () => {
    const pcsc = new FakePcsc()
    pcsc.set('A', counted(SCARD_STATE_PRESENT, 1))
    const { said, holds, soon } = watch(pcsc)
    await soon()
    holds.add('A')
    pcsc.set('A', counted(SCARD_STATE_PRESENT | SCARD_STATE_EXCLUSIVE, 1))
    await soon()
    holds.remove('A')
    pcsc.set('A', counted(SCARD_STATE_PRESENT, 1))
    await soon()
    expect(said.flatMap(({ readers }) => readers.map(({ state }) => state.kind))).toEqual(['card'])
  })

  it('counts a card that was pulled and put back between two looks', async () => {
    const pcsc = new FakePcsc()
    pcsc.set('A', counted(SCARD_STATE_PRESENT, 1))
    const { last, soon } = watch(pcsc)
    await soon()
    pcsc.set('A', counted(SCARD_STATE_PRESENT, 3))
    await soon()
    expect(last()?.readers[0]).toMatchObject({ insertions: 2, state: { kind: 'card' } })
  })

  it('leaves out a reader that cannot be used, and goes on counting when it comes back', async () => {
    const pcsc = new FakePcsc()
    pcsc.set('A', counted(SCARD_STATE_PRESENT, 1))
    const { last, soon } = watch(pcsc)
    await soon()
    pcsc.set('A', SCARD_STATE_UNAVAILABLE)
    await soon()
    expect(last()?.readers).toEqual([])
    pcsc.remove('A')
    await soon()
    pcsc.set('A', counted(SCARD_STATE_PRESENT, 1))
    await vi.advanceTimersByTimeAsync(1100)
    expect(last()?.readers[0]).toMatchObject({ insertions: 2, state: { kind: 'card' } })
  })

  it('says why the service does not work, tries once a second, and counts a card that is there afterwards as new', async () => {
    const pcsc = new FakePcsc()
    pcsc.set('A', counted(SCARD_STATE_PRESENT, 1))
    const { said, soon } = watch(pcsc)
    await soon()
    for (const code of [NO_SERVICE, SECURITY_VIOLATION, INTERNAL_ERROR]) {
      pcsc.fail(code)
      await vi.advanceTimersByTimeAsync(3000)
    }
    pcsc.fail(undefined)
    await vi.advanceTimersByTimeAsync(1000)
    expect(said.map(({ service }) => service)).toEqual([
      { kind: 'ready' },
      { kind: 'service-down' },
      { kind: 'no-permission' },
      { kind: 'failed', code: 'SCARD_F_INTERNAL_ERROR' },
      { kind: 'ready' },
    ])
    expect(said.at(-1)?.readers[0]).toMatchObject({ insertions: 2, state: { kind: 'card' } })
  })

  it('looks once a second where readers are not announced, and finds them', async () => {
    const pcsc = new FakePcsc()
    pcsc.announces = false
    const { last } = watch(pcsc)
    await vi.advanceTimersByTimeAsync(5500)
    expect(pcsc.lists).toBeGreaterThanOrEqual(5)
    expect(pcsc.lists).toBeLessThanOrEqual(7)
    pcsc.set('A', SCARD_STATE_EMPTY)
    await vi.advanceTimersByTimeAsync(1000)
    expect(last()?.readers.map(({ name }) => name)).toEqual(['A'])
  })

  it('looks less often with no card in any reader, where readers are announced, and finds what was not announced all the same', async () => {
    const pcsc = new FakePcsc()
    pcsc.set('A', SCARD_STATE_EMPTY)
    const { last } = watch(pcsc)
    await vi.advanceTimersByTimeAsync(40_000)
    expect(pcsc.lists).toBeLessThanOrEqual(12)
    pcsc.readers.set('A', { state: counted(SCARD_STATE_PRESENT, 1), atr: Uint8Array.of(0x3b, 0x00) })
    await vi.advanceTimersByTimeAsync(4500)
    expect(last()?.readers[0]).toMatchObject({ state: { kind: 'card' } })
    // A card may be let go by another program, which no service announces.
    pcsc.readers.set('A', { state: counted(SCARD_STATE_PRESENT | SCARD_STATE_EXCLUSIVE, 1), atr: Uint8Array.of(0x3b, 0x00) })
    await vi.advanceTimersByTimeAsync(1000)
    expect(last()?.readers[0]).toMatchObject({ state: { kind: 'in-use' } })
  })

  it('tells at once what is announced, however long nothing happened', async () => {
    const pcsc = new FakePcsc()
    pcsc.set('A', SCARD_STATE_EMPTY)
    const { last, soon } = watch(pcsc)
    await vi.advanceTimersByTimeAsync(39_000)
    pcsc.set('A', counted(SCARD_STATE_PRESENT, 1))
    await soon()
    expect(last()?.readers[0]).toMatchObject({ state: { kind: 'card' } })
  })

  it('does not run hot where a service returns at once with no news', async () => {
    const pcsc = new FakePcsc()
    pcsc.restless = true
    pcsc.set('A', SCARD_STATE_EMPTY)
    watch(pcsc)
    await vi.advanceTimersByTimeAsync(5500)
    expect(pcsc.lists).toBeLessThanOrEqual(8)
  })

  it('releases its context when it is stopped', async () => {
    const pcsc = new FakePcsc()
    const { monitor, ended, soon } = watch(pcsc)
    await soon()
    monitor.stop()
    await soon()
    await ended
    expect(pcsc.released).toEqual([1])
  })
})
