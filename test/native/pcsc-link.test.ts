import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { HostLink, type LinkEnd, linkLimits } from '../../native/pcsc/link.ts'
import { parseReport, parseRequest, type Report } from '../../native/pcsc/messages.ts'
import type { HostProcess } from '../../native/pcsc/process.ts'
import { ReaderError, type ReadersStatus } from '../../native/reader.ts'
import { rejection } from './pcsc/support.ts'

class FakeHost implements HostProcess {
  readonly pid = 1
  readonly sent: { kind: string; id: number }[] = []
  killed = false
  say: (message: unknown) => void = () => undefined
  exit: () => void = () => undefined
  send(message: unknown): void {
    this.sent.push(message as { kind: string; id: number })
  }
  onMessage(listener: (message: unknown) => void): void {
    this.say = listener
  }
  onExit(listener: () => void): void {
    this.exit = listener
  }
  kill(): void {
    this.killed = true
  }
  pings(): number {
    return this.sent.filter(({ kind }) => kind === 'ping').length
  }
}

function connectLink() {
  const host = new FakeHost()
  const ends: LinkEnd[] = []
  const statuses: ReadersStatus[] = []
  const link = new HostLink(
    host,
    linkLimits,
    (status) => statuses.push(status),
    (reason) => ends.push(reason),
  )
  const ready = () => host.say({ kind: 'status', status: { service: { kind: 'ready' }, readers: [] } })
  const transmit = () => link.call({ kind: 'transmit', connection: 1, command: Uint8Array.of(0, 0xa4, 4, 0) }, 'transmitted')
  const begin = () => link.call({ kind: 'begin', connection: 1 }, 'done')
  return { host, link, ends, statuses, ready, transmit, begin }
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the link to the host', () => {
  it('gives each call its own answer, in whatever order they come', async () => {
    const { host, transmit, begin } = connectLink()
    const first = begin()
    const second = transmit()
    host.say({ kind: 'transmitted', id: 2, data: Uint8Array.of(0x90, 0), tookMs: 18.5 })
    host.say({ kind: 'done', id: 1 })
    expect(await second).toMatchObject({ data: Uint8Array.of(0x90, 0), tookMs: 18.5 })
    expect(await first).toEqual({ kind: 'done', id: 1 })
  })

  it('rejects with what the host says, as a ReaderError', async () => {
    const { host, transmit } = connectLink()
    const call = rejection(transmit())
    host.say({ kind: 'error', id: 1, error: { kind: 'card-removed', code: 'SCARD_W_REMOVED_CARD' } })
    const error = await call
    expect(error).toBeInstanceOf(ReaderError)
    expect(error).toMatchObject({ kind: 'card-removed', code: 'SCARD_W_REMOVED_CARD' })
  })

  it.each<[string, unknown]>([
    ['an answer to nothing', { kind: 'done', id: 7 }],
    ['an answer of another kind', { kind: 'done', id: 1 }],
    ['an answer that is not bytes', { kind: 'answer', id: 1, data: '9000' }],
    ['a negative time', { kind: 'transmitted', id: 1, data: new Uint8Array(2), tookMs: -1 }],
    ['a field too many', { kind: 'answer', id: 1, data: new Uint8Array(2), extra: true }],
    ['an unknown error', { kind: 'error', id: 1, error: { kind: 'strange', code: 'X' } }],
    ['nothing', undefined],
  ])('ends a host that gives %s', async (_, message) => {
    const { host, ends, transmit } = connectLink()
    const call = rejection(transmit())
    host.say(message)
    expect(await call).toMatchObject({ kind: 'communication', code: 'HOST_WRONG_ANSWER' })
    expect(ends).toEqual(['HOST_WRONG_ANSWER'])
    expect(host.killed).toBe(true)
  })

  it('asks a silent host for a sign of life, and ends one that gives none', async () => {
    const { host, ends, ready } = connectLink()
    ready()
    await vi.advanceTimersByTimeAsync(2500)
    expect(host.pings()).toBe(1)
    host.say({ kind: 'pong', id: host.sent.at(-1)?.id })
    await vi.advanceTimersByTimeAsync(2500)
    expect(host.pings()).toBe(2)
    expect(ends).toEqual([])
    await vi.advanceTimersByTimeAsync(2500)
    expect(ends).toEqual(['HOST_HUNG'])
  })

  it('finds a host that hangs early enough to have another one within five seconds', async () => {
    const { ends, ready } = connectLink()
    ready()
    await vi.advanceTimersByTimeAsync(4500)
    expect(ends).toEqual(['HOST_HUNG'])
  })

  it('wakes up once for each sign of life while nothing is asked', async () => {
    const { host, ready } = connectLink()
    ready()
    await vi.advanceTimersByTimeAsync(2500)
    for (let asked = 0; asked < 10; asked += 1) {
      host.say({ kind: 'pong', id: host.sent.at(-1)?.id })
      await vi.advanceTimersToNextTimerAsync()
      expect(host.pings()).toBe(asked + 2)
    }
  })

  it('looks after a call from its beginning on, however long nothing was asked', async () => {
    const { host, ends, ready, begin } = connectLink()
    ready()
    await vi.advanceTimersByTimeAsync(1900)
    const call = rejection(begin())
    for (let second = 0; second < linkLimits.otherMs / 1000 - 1; second += 1) {
      await vi.advanceTimersByTimeAsync(1000)
      host.say({ kind: 'pong', id: host.sent.at(-1)?.id })
    }
    expect(ends).toEqual([])
    await vi.advanceTimersByTimeAsync(1500)
    expect(await call).toMatchObject({ kind: 'timeout', code: 'HOST_HUNG' })
  })

  it('waits longer for the first sign of a host that starts', async () => {
    const { ends } = connectLink()
    await vi.advanceTimersByTimeAsync(linkLimits.startMs)
    expect(ends).toEqual([])
    await vi.advanceTimersByTimeAsync(5000)
    expect(ends).toEqual(['HOST_HUNG'])
  })

  it('leaves a host in peace that works on a command, up to the command’s own time', async () => {
    const { host, ends, ready, transmit } = connectLink()
    ready()
    const call = rejection(transmit())
    await vi.advanceTimersByTimeAsync(linkLimits.transmitMs - 500)
    expect(host.pings()).toBe(0)
    expect(ends).toEqual([])
    await vi.advanceTimersByTimeAsync(1000)
    expect(await call).toMatchObject({ kind: 'timeout', code: 'HOST_HUNG' })
    expect(ends).toEqual(['HOST_HUNG'])
  })

  it('does not count the time of a command against a call that waits behind it', async () => {
    const { host, ends, ready, transmit, begin } = connectLink()
    ready()
    const command = transmit()
    const behind = begin()
    await vi.advanceTimersByTimeAsync(linkLimits.otherMs + 5000)
    expect(ends).toEqual([])
    host.say({ kind: 'transmitted', id: 1, data: Uint8Array.of(0x90, 0), tookMs: 0 })
    await command
    await vi.advanceTimersByTimeAsync(500)
    host.say({ kind: 'done', id: 2 })
    await behind
    expect(ends).toEqual([])
  })

  it('rejects everything when the host exits, and whatever comes after', async () => {
    const { host, ends, transmit, begin } = connectLink()
    const calls = [rejection(transmit()), rejection(begin())]
    host.exit()
    for (const call of calls) expect(await call).toMatchObject({ kind: 'communication', code: 'HOST_EXITED' })
    expect(await rejection(transmit())).toMatchObject({ code: 'HOST_EXITED' })
    host.say({ kind: 'done', id: 2 })
    expect(ends).toEqual(['HOST_EXITED'])
  })
})

describe('the messages', () => {
  const atr = Uint8Array.of(0x3b, 0)
  it.each<Report>([
    { kind: 'pong', id: 1 },
    { kind: 'connected', id: 1, connection: 2, atr, protocol: 'T=0' },
    {
      kind: 'status',
      status: {
        service: { kind: 'ready' },
        readers: [{ name: 'A', simulated: false, insertions: 1, state: { kind: 'in-use', atr } }],
      },
    },
  ])('are parsed to themselves: $kind', (report) => {
    expect(parseReport(report)).toEqual(report)
  })

  it.each<[string, unknown]>([
    ['an unknown kind', { kind: 'format', id: 1 }],
    ['a command that is not bytes', { kind: 'transmit', id: 1, connection: 1, command: [0, 0xa4] }],
    ['an id that is no number', { kind: 'begin', id: '1', connection: 1 }],
    ['a negative connection', { kind: 'begin', id: 1, connection: -1 }],
    ['an unknown disposition', { kind: 'disconnect', id: 1, connection: 1, disposition: 'burn' }],
    ['a field too many', { kind: 'ping', id: 1, command: new Uint8Array(4) }],
    ['no object', 'ping'],
  ])('are refused with %s', (_, message) => {
    expect(parseRequest(message)).toBeUndefined()
  })
})
