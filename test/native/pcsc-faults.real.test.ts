/** What goes wrong with readers, for real: the service killed, cards and readers pulled, the host process killed, crashed, stopped, hung. */

import { spawn } from 'node:child_process'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PcscReaders } from '../../native/pcsc/client.ts'
import type { LinkLimits } from '../../native/pcsc/link.ts'
import { forkHost, type HostProcess } from '../../native/pcsc/process.ts'
import { ReaderError, type ReadersStatus } from '../../native/reader.ts'
import { toHex } from '../../protocol/bytes.ts'
import { ensurePcscd, killPcscd, reserveVirtualReaders } from '../support/pcscd.ts'
import { type Card, Plug } from './pcsc/plug.ts'
import { hasCard, hostEntry, isEmpty, isReady, rejection, settle, testHost, until, VPCD_READERS } from './pcsc/support.ts'

const { name: reader, port } = VPCD_READERS[0]
const COMMAND = Uint8Array.of(0x00, 0xa4, 0x04, 0x00)

const answering: Card = { transmit: () => Uint8Array.of(0x90, 0x00), reset: () => undefined }
const silent: Card = { transmit: () => undefined, reset: () => undefined }

const plugs: Plug[] = []
const opened: PcscReaders[] = []

async function insert(card: Card): Promise<Plug> {
  const plug = await Plug.insert(card, port)
  plugs.push(plug)
  return plug
}

function open(entry = hostEntry, limits: Partial<LinkLimits> = {}) {
  const hosts: HostProcess[] = []
  const readers = new PcscReaders({
    startHost: () => {
      const host = forkHost(entry)
      hosts.push(host)
      return host
    },
    limits,
  })
  opened.push(readers)
  const history: ReadersStatus[] = []
  readers.subscribe((status) => history.push(status))
  const hostPid = () => hosts.at(-1)?.pid ?? 0
  return { readers, history, hostPid }
}

async function works(readers: PcscReaders): Promise<void> {
  const connection = await readers.connect(reader, { share: 'exclusive' })
  expect(toHex(await connection.transmit(COMMAND))).toBe('9000')
  await connection.disconnect('reset')
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

await reserveVirtualReaders()
await ensurePcscd()
/** Looks on: a card that was pulled is gone once the service has noticed. */
const observer = new PcscReaders({ startHost: () => forkHost(hostEntry) })
afterAll(() => observer.close())

beforeEach(() => isEmpty(observer, reader))
afterEach(async () => {
  // In this order: see settle().
  for (const readers of opened.splice(0)) await readers.close()
  for (const plug of plugs.splice(0)) plug.pull()
  await ensurePcscd()
})

describe('pcscd killed and started again', () => {
  it('is told, a connection fails with a typed error, and use comes back by itself', async () => {
    const { readers, history } = open()
    await insert(answering)
    await hasCard(readers, reader)
    const connection = await readers.connect(reader, { share: 'exclusive' })
    await killPcscd()
    await until(readers, (status) => status.service.kind === 'service-down')
    expect(readers.status().readers).toEqual([])
    const error = await rejection(connection.transmit(COMMAND))
    expect(error).toBeInstanceOf(ReaderError)
    expect(['no-service', 'communication', 'card-removed']).toContain((error as ReaderError).kind)
    await connection.disconnect('reset')
    expect(await rejection(readers.connect(reader, { share: 'shared' }))).toMatchObject({ kind: 'no-service' })

    await ensurePcscd()
    await insert(answering)
    await hasCard(readers, reader)
    await works(readers)
    expect(history.map(({ service }) => service.kind)).not.toContain('failed')
  })

  it('is noticed by a terminal that was started before the service', async () => {
    await killPcscd()
    const { readers } = open()
    await until(readers, (status) => status.service.kind === 'service-down')
    await ensurePcscd()
    await isReady(readers)
    await until(readers, (status) => status.readers.length === VPCD_READERS.length)
  })
})

describe('cards and readers', () => {
  it('tells a card that is pulled in the middle of a command, and uses the next one', async () => {
    const { readers } = open()
    const plug = await insert({
      ...answering,
      transmit: () => {
        plug.pull()
        return undefined
      },
    })
    await hasCard(readers, reader)
    const before = readers.status().readers[0]?.insertions ?? 0
    const connection = await readers.connect(reader, { share: 'exclusive' })
    expect(await rejection(connection.transmit(COMMAND))).toMatchObject({ kind: 'card-removed' })
    await connection.disconnect('reset')
    await isEmpty(readers, reader)
    await settle()
    await insert(answering)
    await hasCard(readers, reader)
    expect(readers.status().readers[0]?.insertions).toBe(before + 1)
    await works(readers)
  })

  it('takes an answer without a status word as a fault of the communication', async () => {
    const { readers } = open()
    await insert({ ...answering, transmit: () => Uint8Array.of(0x90) })
    await hasCard(readers, reader)
    const connection = await readers.connect(reader, { share: 'exclusive' })
    expect(await rejection(connection.transmit(COMMAND))).toMatchObject({ kind: 'communication' })
  })

  it('carries the longest extended command and answer', async () => {
    const { readers } = open()
    const longest = new Uint8Array(65536 - 7 - 2).fill(0xab)
    await insert({
      ...answering,
      transmit: (command) =>
        command.length === 7 + longest.length ? Uint8Array.of(...longest.slice(0, 4000), 0x90, 0) : Uint8Array.of(0x67, 0),
    })
    await hasCard(readers, reader)
    const connection = await readers.connect(reader, { share: 'exclusive' })
    const command = new Uint8Array(7 + longest.length)
    command.set([0, 0xdb, 0x3f, 0xff, 0, longest.length >> 8, longest.length & 0xff])
    command.set(longest, 7)
    const answer = await connection.transmit(command)
    expect(answer.length).toBe(4002)
    expect(toHex(answer.subarray(-4))).toBe('abab9000')
  })
})

describe('the host process', () => {
  it.each(['SIGSEGV', 'SIGKILL'] as const)('ends with %s: calls reject, another one serves', async (signal) => {
    const { readers, hostPid } = open()
    await insert(answering)
    await hasCard(readers, reader)
    const { insertions } = readers.status().readers[0] ?? { insertions: Number.NaN }
    const connection = await readers.connect(reader, { share: 'exclusive' })
    const pid = hostPid()
    // A call that is under way when the host dies.
    const pending = rejection(readers.connect(VPCD_READERS[1].name, { share: 'shared' }))
    process.kill(pid, signal)
    expect(await pending).toBeInstanceOf(ReaderError)
    expect(await rejection(connection.transmit(COMMAND))).toMatchObject({ kind: 'communication', code: 'HOST_EXITED' })
    await connection.disconnect('reset')
    await hasCard(readers, reader)
    await works(readers)
    expect(hostPid()).not.toBe(pid)
    expect(readers.status().readers[0]?.insertions).toBe(insertions + 1)
  })

  it('that is stopped gives no sign of life: another one serves', async () => {
    const { readers, hostPid } = open()
    await insert(answering)
    await hasCard(readers, reader)
    const pid = hostPid()
    process.kill(pid, 'SIGSTOP')
    await until(readers, (status) => status.service.kind !== 'ready')
    await hasCard(readers, reader)
    await works(readers)
    expect(hostPid()).not.toBe(pid)
    // It is dead once the system has been asked how it ended.
    await expect.poll(() => isAlive(pid)).toBe(false)
  })

  it('that hangs in a driver is replaced when the command has had its time', async () => {
    const { readers, hostPid } = open(hostEntry, { transmitMs: 1000 })
    const plug = await insert(silent)
    await hasCard(readers, reader)
    const pid = hostPid()
    const connection = await readers.connect(reader, { share: 'exclusive' })
    expect(await rejection(connection.transmit(COMMAND))).toMatchObject({ kind: 'timeout', code: 'HOST_HUNG' })
    await isReady(readers)
    expect(hostPid()).not.toBe(pid)
    // It is dead once the system has been asked how it ended.
    await expect.poll(() => isAlive(pid)).toBe(false)
    plug.pull()
    await isEmpty(readers, reader)
    await settle()
    await insert(answering)
    await hasCard(readers, reader)
    await works(readers)
  })

  it('may take its time over a command without being taken for hung', async () => {
    const { readers, hostPid } = open(hostEntry, { silenceMs: 500, heartbeatMs: 1000 })
    await insert({
      ...answering,
      transmit: async () => {
        await new Promise((resolve) => setTimeout(resolve, 2500))
        return Uint8Array.of(0x90, 0x00)
      },
    })
    await hasCard(readers, reader)
    const pid = hostPid()
    await works(readers)
    expect(hostPid()).toBe(pid)
  })

  it('ends when its owner is gone', async () => {
    const owner = spawn(process.execPath, [
      '--input-type=module',
      '-e',
      `import { forkHost } from ${JSON.stringify(new URL('../../native/pcsc/process.ts', import.meta.url).href)}
       const host = forkHost(${JSON.stringify(hostEntry)})
       host.onMessage(() => console.log(host.pid))`,
    ])
    const pid = await new Promise<number>((resolve) => owner.stdout.once('data', (text) => resolve(Number(text))))
    expect(isAlive(pid)).toBe(true)
    owner.kill('SIGKILL')
    await expect.poll(() => isAlive(pid)).toBe(false)
  })

  it('ends with close, and what is asked afterwards rejects', async () => {
    const { readers, hostPid } = open()
    await insert(answering)
    await hasCard(readers, reader)
    const connection = await readers.connect(reader, { share: 'exclusive' })
    const pid = hostPid()
    await readers.close()
    await expect.poll(() => isAlive(pid)).toBe(false)
    expect(await rejection(connection.transmit(COMMAND))).toMatchObject({ kind: 'cancelled', code: 'HOST_CLOSED' })
    expect(await rejection(readers.connect(reader, { share: 'shared' }))).toMatchObject({ code: 'HOST_CLOSED' })
  })
})

describe('a host that cannot serve', () => {
  it('says that the library is not installed, and which', async () => {
    const { readers } = open(testHost('no-library'))
    await until(readers, (status) => status.service.kind === 'no-library')
    expect(readers.status().service).toEqual({ kind: 'no-library', library: 'libpcsclite-not-installed.so.1' })
    expect(await rejection(readers.connect(reader, { share: 'shared' }))).toMatchObject({ kind: 'no-service' })
  })

  it.each([
    ['garbage', 'HOST_WRONG_ANSWER'],
    ['dying', 'HOST_EXITED'],
  ] as const)('%s: is started again a few times, then the status says why it fails', async (name, code) => {
    const { readers, history } = open(testHost(name))
    await until(readers, (status) => status.service.kind === 'failed')
    expect(readers.status().service).toEqual({ kind: 'failed', code })
    expect(history.filter(({ service }) => service.kind === 'starting').length).toBe(2)
  })
})
