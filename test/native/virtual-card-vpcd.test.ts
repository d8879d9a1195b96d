/** The card's side of vpcd's protocol, against a reader of the test's own; test/peers/ has the real one. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { nodeCrypto } from '../../native/crypto.ts'
import { DEFAULT_ATR, VirtualCard } from '../../native/virtual-card/card.ts'
import { blankCard } from '../../native/virtual-card/state.ts'
import { memoryStorage } from '../../native/virtual-card/storage.ts'
import { insertIntoVpcd } from '../../native/virtual-card/vpcd.ts'
import { fromHex, toHex } from '../../protocol/bytes.ts'

const SELECT = '00a4040005a00000030800'
const VERIFY = '0020008008313233343536ffff'
const WRONG = '0020008008393939393939ffff'
const PIN_STATUS = '00200080'
const GET_ATR = '04'
const RESET = '02'

/** A reader that waits for cards, as vpcd does. */
async function newReader() {
  const cards: Socket[] = []
  const server = createServer((socket) => {
    socket.on('error', () => {})
    cards.push(socket)
    server.emit('card')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const card of cards) card.destroy()
    server.close()
  })
  const frame = (hex: string) => fromHex((hex.length / 2).toString(16).padStart(4, '0') + hex)
  return {
    port: (server.address() as AddressInfo).port,
    async nextCard() {
      if (cards.length === 0) await once(server, 'card')
      const socket = cards.shift() as Socket
      let received = Buffer.alloc(0)
      socket.on('data', (chunk: Buffer) => {
        received = Buffer.concat([received, chunk])
        socket.emit('more')
      })
      const ended = once(socket, 'end')
      return {
        socket,
        ended,
        frame,
        write: (hex: string) => socket.write(frame(hex)),
        async read(): Promise<string> {
          const complete = () => received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)
          while (!complete()) await once(socket, 'more')
          const end = 2 + received.readUInt16BE(0)
          const message = received.subarray(2, end).toString('hex')
          received = received.subarray(end)
          return message
        },
        async ask(hex: string): Promise<string> {
          socket.write(frame(hex))
          return this.read()
        },
      }
    },
  }
}

async function newCardInReader() {
  const reader = await newReader()
  const card = new VirtualCard({ crypto: nodeCrypto, storage: memoryStorage(blankCard()) })
  const inserted = await insertIntoVpcd({ card, port: reader.port })
  onTestFinished(() => inserted.pull())
  return { reader, card, inserted, side: await reader.nextCard() }
}

describe('a card behind vpcd', () => {
  it('gives its ATR, answers APDUs, and forgets the PIN with every power command', async () => {
    const { side } = await newCardInReader()
    for (const power of ['00', '01', RESET]) {
      expect(await side.ask(GET_ATR)).toBe(toHex(DEFAULT_ATR))
      expect(await side.ask(SELECT)).toMatch(/9000$/)
      expect(await side.ask(VERIFY)).toBe('9000')
      expect(await side.ask(PIN_STATUS)).toBe('9000')
      side.write(power)
      expect(await side.ask(SELECT)).toMatch(/9000$/)
      expect(await side.ask(PIN_STATUS)).toBe('63c3')
    }
  })

  it('puts messages together however they are cut', async () => {
    const { side } = await newCardInReader()
    for (const byte of side.frame(SELECT)) {
      side.socket.write(Uint8Array.of(byte))
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    expect(await side.read()).toMatch(/9000$/)
    side.socket.write(Buffer.concat([side.frame(WRONG), side.frame(RESET), side.frame(SELECT), side.frame(PIN_STATUS)]))
    expect(await side.read()).toBe('63c2')
    expect(await side.read()).toMatch(/9000$/)
    expect(await side.read()).toBe('63c2')
  })

  it.each([
    ['pull-before', '63c3', false],
    ['lose-answer', '63c2', false],
    ['pull-after', '63c2', true],
  ] as const)('%s: is out of the reader', async (kind, afterwards, answered) => {
    const { reader, card, inserted, side } = await newCardInReader()
    await side.ask(SELECT)
    inserted.faults.arm({ kind, apdu: 1 })
    const answer = side.ask(WRONG)
    const first = await Promise.race([answer, side.ended.then(() => 'nothing')])
    expect(first).toBe(answered ? '63c2' : 'nothing')
    await inserted.out
    await insertIntoVpcd({ card, port: reader.port })
    const again = await reader.nextCard()
    await again.ask(SELECT)
    expect(await again.ask(PIN_STATUS)).toBe(afterwards)
  })

  it('answers late where it is told to, and in order', async () => {
    const { inserted, side } = await newCardInReader()
    inserted.faults.delayMs = 40
    const started = performance.now()
    side.write(SELECT)
    side.write(PIN_STATUS)
    expect(await side.read()).toMatch(/9000$/)
    expect(await side.read()).toBe('63c3')
    expect(performance.now() - started).toBeGreaterThanOrEqual(78)
  })

  it('is out when the service stops, and says so', async () => {
    const { inserted, side } = await newCardInReader()
    side.socket.destroy()
    await inserted.out
  })

  it('rejects where no reader waits', async () => {
    const { port } = await newReader()
    const card = new VirtualCard({ crypto: nodeCrypto, storage: memoryStorage(blankCard()) })
    await expect(insertIntoVpcd({ card, host: '127.0.0.1', port: port === 1 ? 2 : 1 })).rejects.toThrow('ECONNREFUSED')
  })
})

describe('npm run card', () => {
  const cli = new URL('../../native/virtual-card/cli.ts', import.meta.url).pathname

  function start(...args: readonly string[]) {
    const child = spawn(process.execPath, [cli, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    const output: string[] = []
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(String(chunk)))
    const closed = once(child, 'close').then(([code]) => ({ code: code as number | null, output: output.join('') }))
    return { child, closed }
  }

  it('explains itself', async () => {
    const { code, output } = await start('--help').closed
    expect(code).toBe(0)
    for (const option of ['--vpcd', '--state', '--port', '--delay-ms', '--blank', '--serial']) expect(output).toContain(option)
  })

  it.each([
    [[], 2, 'say where the card goes'],
    [['--vpcd', '--port', 'http'], 2, '--port wants a number'],
    [['--vpcd', '--atr', 'xyz'], 2, '--atr wants'],
    [['--vpcd', '--atr', '3b'], 2, '--atr wants'],
    [['--nonsense'], 2, '--nonsense'],
    [['--vpcd', '--state', cli], 2, 'holds no card'],
    [['--vpcd', '--port', '1'], 1, 'Install pcscd and vsmartcard-vpcd'],
  ])('ends with what is wrong: %j', async (args, status, text) => {
    const { code, output } = await start(...args).closed
    expect(code).toBe(status)
    expect(output).toContain(text)
    expect(output).not.toMatch(/\n\s+at /)
  })

  it('keeps the card in its file, one program at a time, and pulls and inserts it on command', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tessera-card-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const state = join(folder, 'new', 'card.json')
    const reader = await newReader()
    const args = ['--vpcd', '--port', String(reader.port), '--state', state, '--serial', '2000000042']

    const first = start(...args)
    let side = await reader.nextCard()
    await side.ask(SELECT)
    expect(await side.ask('00f8000000')).toBe('7735942a9000')
    expect(await side.ask(WRONG)).toBe('63c2')
    const second = await start(...args).closed
    expect([second.code, second.output]).toEqual([2, expect.stringContaining('in use by another program')])
    first.child.stdin.write('pull\n')
    await side.ended.catch(() => {})
    first.child.stdin.write('insert\n')
    side = await reader.nextCard()
    await side.ask(SELECT)
    expect(await side.ask(PIN_STATUS)).toBe('63c2')
    // Killed, it leaves its lock behind; the next one sees that nobody holds it.
    first.child.kill('SIGKILL')
    await first.closed
    const kept = start(...args)
    side = await reader.nextCard()
    await side.ask(SELECT)
    expect(await side.ask(PIN_STATUS)).toBe('63c2')
    kept.child.kill('SIGTERM')
    expect((await kept.closed).code).toBe(0)
    expect(readdirSync(join(folder, 'new'))).toEqual(['card.json'])

    const third = start(...args, '--blank')
    side = await reader.nextCard()
    await side.ask(SELECT)
    expect(await side.ask(PIN_STATUS)).toBe('63c3')
    third.child.stdin.write('quit\n')
    expect((await third.closed).output).toContain('card 2000000042 is new')
  })
})
