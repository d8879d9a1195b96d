/**
 * The figures `apduRoundTrip` and `apduThroughProcess`: one small APDU to one virtual card through pcscd and vpcd and back, by
 * Tessera's binding and by the terminal's way through the PC/SC process, beside C and two npm packages, in turn within the same minute.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { loadPcsc } from '../../native/pcsc/binding.ts'
import { SCARD_STATE_EMPTY, SCARD_STATE_PRESENT } from '../../native/pcsc/constants.ts'
import { ensurePcscd, reserveVirtualReaders } from '../../test/support/pcscd.ts'
import { type Figure, figure } from '../figure.ts'
import { bringPeers, type Contestant } from './peers.ts'

const READER = 'Virtual PCD 00 00'
const cardProgram = fileURLToPath(new URL('../../native/virtual-card/cli.ts', import.meta.url))
const WARM_UP = 200
const PER_ROUND = 50
const LIMIT_MS = 10_000

interface ApduFigures {
  readonly apduRoundTrip: Figure
  /** The same with the way to the PC/SC process and back, as the terminal's ceremonies pay it. */
  readonly apduThroughProcess: Figure
  /** Peers that could not run, with the reason. */
  readonly absent: Readonly<Record<string, string>>
}

async function measureApdus({ quick }: { readonly quick: boolean }): Promise<ApduFigures> {
  const { binding, process: throughProcess, peers, absent } = await bringPeers()
  await reserveVirtualReaders()
  await ensurePcscd()
  await cardIs(SCARD_STATE_EMPTY)
  const card = spawn(process.execPath, [cardProgram, '--vpcd'], { stdio: ['pipe', 'ignore', 'inherit'] })
  const runners: Runner[] = []
  const missing: Record<string, string> = { ...absent }
  try {
    await cardIs(SCARD_STATE_PRESENT)
    for (const [name, contestant] of Object.entries({ binding, throughProcess, ...peers })) {
      const runner = new Runner(name, contestant)
      try {
        await runner.round(WARM_UP)
        runners.push(runner)
      } catch (error) {
        // What is Tessera's own must run.
        if (name === 'binding' || name === 'throughProcess') throw error
        missing[name] = error instanceof Error ? error.message : String(error)
      }
    }
    const rounds = quick ? 20 : 100
    for (let round = 0; round < rounds; round += 1) {
      // Each starts as often as the others do: whoever follows an idle moment is slower.
      for (let i = 0; i < runners.length; i += 1) await runners[(round + i) % runners.length]?.measure(PER_ROUND)
    }
  } finally {
    for (const runner of runners) runner.end()
    card.kill('SIGTERM')
    await cardIs(SCARD_STATE_EMPTY)
  }
  const samples = Object.fromEntries(runners.map(({ name, samples }) => [name, samples]))
  const { binding: own = [], throughProcess: through = [], ...others } = samples
  return {
    apduRoundTrip: figure(own, others),
    apduThroughProcess: figure(through, { binding: own }),
    absent: missing,
  }
}

/** The two figures for `npm run bench`; a peer that could not run is named on standard error, with the reason. */
export async function measureApduRoundTrip(options: { readonly quick: boolean }): Promise<Readonly<Record<string, Figure>>> {
  const { absent, ...figures } = await measureApdus(options)
  for (const [name, reason] of Object.entries(absent)) process.stderr.write(`apduRoundTrip without ${name}: ${reason}\n`)
  return figures
}

/** A contestant's process. */
class Runner {
  readonly name: string
  readonly samples: number[] = []
  readonly #child: ChildProcess
  readonly #lines: Interface
  #said = ''

  constructor(name: string, { program, words }: Contestant) {
    this.name = name
    this.#child = spawn(program, [...words, READER], { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.stderr?.on('data', (text: Buffer) => {
      this.#said += text.toString()
    })
    // The end of the process tells.
    this.#child.stdin?.on('error', () => undefined)
    this.#lines = createInterface({ input: this.#child.stdout ?? process.stdin })
  }

  async measure(n: number): Promise<void> {
    this.samples.push(...(await this.round(n)))
  }

  /** Milliseconds of each of n commands. */
  round(n: number): Promise<number[]> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => {
        clearTimeout(timer)
        this.#lines.off('line', answered)
        this.#child.off('exit', failed)
        this.#child.off('error', failed)
        settle()
      }
      const answered = (line: string) => finish(() => resolve(line.split(' ').map(Number)))
      const failed = () => {
        this.#child.kill('SIGKILL')
        const said = this.#said.split('\n').find((line) => line.includes('Error'))
        finish(() => reject(new Error(said ?? `${this.name} ended or gave no answer`)))
      }
      const timer = setTimeout(failed, LIMIT_MS)
      this.#lines.once('line', answered)
      this.#child.once('exit', failed)
      this.#child.once('error', failed)
      this.#child.stdin?.write(`${n}\n`)
    })
  }

  end(): void {
    this.#child.kill('SIGKILL')
  }
}

/** Waits until the reader has a card, or none. */
async function cardIs(flag: number): Promise<void> {
  const pcsc = loadPcsc()
  const context = await pcsc.establishContext()
  const deadline = performance.now() + LIMIT_MS
  let currentState = 0
  try {
    while ((currentState & flag) === 0) {
      if (performance.now() > deadline) throw new Error(`${READER} does not change`)
      const sights = await pcsc.getStatusChange(context, 500, [{ name: READER, currentState }]).catch(() => [])
      currentState = sights[0]?.eventState ?? currentState
    }
  } finally {
    await pcsc.releaseContext(context)
  }
}
