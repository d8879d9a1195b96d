/** `npm run card`: a simulated PIV card in a real PC/SC reader, for tests and for trying Tessera without a card. */

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { fromHex, toHex } from '../../protocol/bytes.ts'
import { nodeCrypto } from '../crypto.ts'
import { DEFAULT_ATR, VirtualCard } from './card.ts'
import { CardFaults } from './faults.ts'
import { blankCard, FIRST_SIMULATED_SERIAL } from './state.ts'
import { type CardStorage, fileStorage, memoryStorage } from './storage.ts'
import { type InsertedCard, insertIntoVpcd, VPCD_PORT } from './vpcd.ts'

const HELP = `A PIV card in software (NIST SP 800-73), in a virtual PC/SC reader.

  npm run card -- --vpcd [options]

  --vpcd           put the card into the reader of vpcd (Debian: pcscd and vsmartcard-vpcd)
  --port NUMBER    where vpcd waits: ${VPCD_PORT} is 'Virtual PCD 00 00', ${VPCD_PORT + 1} 'Virtual PCD 00 01'
  --host NAME      127.0.0.1 unless told otherwise
  --state FILE     keep the card in this file; without it the card is forgotten at the end.
                   The file holds private keys and PINs in clear.
  --blank          start with a new card, also where the file holds one
  --serial NUMBER  of a new card; simulated cards start at ${FIRST_SIMULATED_SERIAL}
  --standard-only  a new card that knows none of the common extensions
  --atr HEX        ${toHex(DEFAULT_ATR)}
  --delay-ms N     how long every answer takes
  --help

A new card has PIN 123456, PUK 12345678 and the well-known management key.
Commands on standard input: pull, insert, delay N, quit. The end of the input leaves the card in.
`

class UsageError extends Error {}

function number(text: string | undefined, name: string, max: number): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!/^[0-9]+$/.test(text) || value > max) throw new UsageError(`--${name} wants a number up to ${max}`)
  return value
}

/** ISO/IEC 7816-3 section 8.2.1: TS is 3B or 3F, and no more than 32 bytes follow it. */
function atrOf(text: string): Uint8Array {
  if (!/^3[bf]([0-9a-f]{2}){1,32}$/i.test(text))
    throw new UsageError('--atr wants 2 to 33 bytes in hexadecimal, from 3b or 3f on')
  return fromHex(text)
}

function readArguments(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        vpcd: flag,
        blank: flag,
        help: flag,
        'standard-only': flag,
        port: text,
        host: text,
        state: text,
        serial: text,
        atr: text,
        'delay-ms': text,
      },
    })
    return {
      ...values,
      port: number(values.port, 'port', 65_535) ?? VPCD_PORT,
      serial: number(values.serial, 'serial', 0xffffffff),
      delayMs: number(values['delay-ms'], 'delay-ms', 600_000) ?? 0,
      atr: values.atr === undefined ? DEFAULT_ATR : atrOf(values.atr),
    }
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

type Arguments = ReturnType<typeof readArguments>

function openStorage({ state, blank, serial, 'standard-only': standardOnly }: Arguments): CardStorage {
  const create = () => blankCard({ extensions: !standardOnly, ...(serial === undefined ? {} : { serial }) })
  if (state === undefined) return memoryStorage(create())
  if (blank) rmSync(state, { force: true })
  return fileStorage(state, create)
}

function openCard(options: Arguments): VirtualCard {
  const storage = openStorage(options)
  try {
    storage.load()
  } catch (cause) {
    throw new UsageError(`${options.state} holds no card that can be read; --blank puts a new one there`, { cause })
  }
  return new VirtualCard({ crypto: nodeCrypto, storage, atr: options.atr })
}

/** Two programs that keep one card in one file would each undo what the other stored. A lock whose holder died is no lock. */
function holdAlone(state: string): () => void {
  const lock = `${state}.lock`
  mkdirSync(dirname(resolve(state)), { recursive: true })
  if (existsSync(lock) && !isRunning(Number(readFileSync(lock, 'utf8')))) rmSync(lock, { force: true })
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' })
  } catch {
    throw new UsageError(`${state} is in use by another program; where that is not so, remove ${lock}`)
  }
  return () => rmSync(lock, { force: true })
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // EPERM: it runs, as somebody else.
    return error instanceof Error && Reflect.get(error, 'code') === 'EPERM'
  }
}

async function main(args: readonly string[]): Promise<void> {
  const options = readArguments(args)
  if (options.help) {
    process.stdout.write(HELP)
    return
  }
  if (!options.vpcd) throw new UsageError('say where the card goes: --vpcd')
  const release = options.state === undefined ? () => {} : holdAlone(options.state)
  try {
    await run(options)
  } finally {
    release()
  }
}

async function run(options: Arguments): Promise<void> {
  const known = options.state !== undefined && existsSync(options.state) && !options.blank
  const card = openCard(options)
  console.log(`card ${card.serial} is ${known ? 'as it was left' : 'new'}`)
  const faults = new CardFaults(options.delayMs)
  let inserted: InsertedCard | undefined

  async function insert(): Promise<void> {
    if (inserted !== undefined) return
    const host = options.host ?? '127.0.0.1'
    const now = await insertIntoVpcd({ card, faults, host, port: options.port })
    inserted = now
    console.log(`card ${card.serial} is in the reader at ${host}:${options.port}`)
    void now.out.then(() => {
      if (inserted === now) inserted = undefined
      console.log(`card ${card.serial} is out`)
    })
  }

  const stopped = new Promise<void>((resolveStopped) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolveStopped())
    process.stdin.setEncoding('utf8')
    process.stdin.on('data', (chunk) => {
      for (const line of String(chunk).split('\n')) {
        const [word = '', value = ''] = line.trim().split(/\s+/)
        if (word === 'pull') void inserted?.pull()
        else if (word === 'insert') insert().catch(explain)
        else if (word === 'delay' && /^[0-9]+$/.test(value)) faults.delayMs = Number(value)
        else if (word === 'quit') resolveStopped()
        else if (word !== '') console.error('commands: pull, insert, delay N, quit')
      }
    })
  })

  try {
    await insert()
    await stopped
    await inserted?.pull()
  } finally {
    // A terminal that could still type would keep the program alive.
    process.stdin.destroy()
  }
}

function explain(error: unknown): void {
  const code = error instanceof Error ? Reflect.get(error, 'code') : undefined
  if (code === 'ECONNREFUSED') {
    console.error('No virtual reader waits there. Install pcscd and vsmartcard-vpcd, and start pcscd (as root: pcscd).')
  } else {
    console.error(error instanceof Error ? error.message : String(error))
  }
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  explain(error)
  if (error instanceof UsageError) console.error('Try --help.')
  process.exitCode = error instanceof UsageError ? 2 : 1
}
