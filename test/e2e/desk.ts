/** A whole desk of real parts: pcscd with vpcd, Mosquitto over TLS with client certificates, the gateway's own process, the window. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { root } from '../../build/electron.ts'
import { nodeCrypto } from '../../native/crypto.ts'
import { VirtualCard } from '../../native/virtual-card/card.ts'
import type { CardFaults } from '../../native/virtual-card/faults.ts'
import { blankCard, FIRST_SIMULATED_SERIAL } from '../../native/virtual-card/state.ts'
import { memoryStorage } from '../../native/virtual-card/storage.ts'
import { type InsertedCard, insertIntoVpcd, VPCD_PORT } from '../../native/virtual-card/vpcd.ts'
import { type Mosquitto, startMosquitto } from '../support/mosquitto.ts'
import { ensurePcscd, reserveVirtualReaders, untilEmpty } from '../support/pcscd.ts'
import { TerminalWindow } from '../support/window.ts'

export const READER = 'Virtual PCD 00 00'
const CLI = join(root, 'gateway', 'cli.ts')

export function newCard(number: number): VirtualCard {
  return new VirtualCard({ crypto: nodeCrypto, storage: memoryStorage(blankCard({ serial: FIRST_SIMULATED_SERIAL + number })) })
}

/** No hand is faster, a test is. */
const BETWEEN_CARDS_MS = 500

/** vpcd's first reader and the card in it. */
export class Reader {
  #inserted: InsertedCard | undefined
  #pulledAt = 0

  /** Begins with an empty reader that no other test program uses. */
  static async reserve(): Promise<Reader> {
    await reserveVirtualReaders()
    await ensurePcscd()
    await untilEmpty(READER)
    return new Reader()
  }

  /** `faults` make the card slow, for example. */
  async insert(card: VirtualCard, faults?: CardFaults): Promise<InsertedCard> {
    await this.pull()
    const pauseMs = this.#pulledAt + BETWEEN_CARDS_MS - performance.now()
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
    // The driver takes a moment to wait for the next card.
    for (const deadline = performance.now() + 10_000; ; ) {
      try {
        this.#inserted = await insertIntoVpcd({ card, port: VPCD_PORT, ...(faults && { faults }) })
        return this.#inserted
      } catch (error) {
        if (performance.now() > deadline) throw error
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
  }

  /** Resolves when the PC/SC service has seen it; the terminal hears of it a moment later. */
  async pull(): Promise<void> {
    if (this.#inserted === undefined) return
    await this.#inserted.pull()
    this.#inserted = undefined
    this.#pulledAt = performance.now()
    // pcscd looks into a reader only now and then, and would miss a card that is back before.
    await untilEmpty(READER)
  }
}

export class Desk {
  readonly mosquitto: Mosquitto
  readonly reader: Reader
  readonly #data: string
  #gateway: ChildProcess | undefined
  #windows: TerminalWindow[] = []

  private constructor(mosquitto: Mosquitto, reader: Reader, data: string) {
    this.mosquitto = mosquitto
    this.reader = reader
    this.#data = data
  }

  static async start(): Promise<Desk> {
    const reader = await Reader.reserve()
    const mosquitto = await startMosquitto({ tls: true })
    const desk = new Desk(mosquitto, reader, await mkdtemp(join(tmpdir(), 'tessera-e2e-')))
    await desk.startGateway()
    return desk
  }

  async startGateway(): Promise<void> {
    const { tls, url } = this.mosquitto
    if (tls === undefined) throw new Error('the broker of this desk speaks TLS')
    const files = ['--ca', tls.caFile, '--cert', tls.clientCertificateFile, '--key', tls.clientKeyFile]
    const gateway = spawn(process.execPath, [CLI, 'start', '--broker', url, ...files, '--data', this.#data, '--json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#gateway = gateway
    await new Promise<void>((resolve, reject) => {
      gateway.once('exit', (code) => reject(new Error(`the gateway ended with code ${code}`)))
      createInterface({ input: gateway.stdout }).once('line', (line) => {
        if (JSON.parse(line).ready === true) resolve()
        else reject(new Error(`the gateway said ${line}`))
      })
    })
  }

  async stopGateway(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const gateway = this.#gateway
    this.#gateway = undefined
    if (gateway === undefined || gateway.exitCode !== null) return
    const exited = new Promise((resolve) => gateway.once('exit', resolve))
    gateway.kill(signal)
    await exited
  }

  /** The gateway works by this policy from now on (docs/operations.md): started again, as an administrator would. */
  async restartGatewayWith(policy: object): Promise<void> {
    await this.stopGateway()
    await writeFile(join(this.#data, 'policy.json'), JSON.stringify(policy))
    await this.startGateway()
  }

  /** One of the gateway's commands, while it runs; the parsed answer. */
  async command(...words: readonly string[]): Promise<unknown> {
    const output = await new Promise<string>((resolve, reject) => {
      execFile(process.execPath, [CLI, ...words, '--data', this.#data, '--json'], (error, stdout) => {
        if (error === null) resolve(stdout)
        else reject(error)
      })
    })
    return JSON.parse(output)
  }

  async invite(...words: readonly string[]): Promise<string> {
    return ((await this.command('invite', ...words)) as { invitation: string }).invitation
  }

  async openWindow(invitation?: string, home?: string): Promise<TerminalWindow> {
    const { tls, url } = this.mosquitto
    const window = await TerminalWindow.open({
      ...(home === undefined ? {} : { home }),
      environment: {
        TESSERA_BROKER_URL: url,
        TESSERA_BROKER_CA: tls?.caFile ?? '',
        TESSERA_BROKER_CERT: tls?.clientCertificateFile ?? '',
        TESSERA_BROKER_KEY: tls?.clientKeyFile ?? '',
        TESSERA_INVITATION: invitation ?? '',
        TESSERA_SIMULATION: 'off',
      },
    })
    this.#windows.push(window)
    return window
  }

  async close(): Promise<void> {
    for (const window of this.#windows) await window.close()
    await this.reader.pull()
    await this.stopGateway()
    await this.mosquitto.close()
    await rm(this.#data, { recursive: true, force: true, maxRetries: 5 })
  }
}
