/** A house for the figures: Mosquitto and the gateway on SQLite as processes of their own, with a policy that lets samples come fast. */
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { openRegistry } from '../gateway/main.ts'
import type { Registry } from '../gateway/registry/context.ts'
import { GatewayProcess } from '../test/support/gateway-process.ts'
import { startMosquitto } from '../test/support/mosquitto.ts'

const ARRIVALS = fileURLToPath(new URL('arrivals.ts', import.meta.url))

/** The samples come faster than people do: the default policy would rightly call that a flood. */
export const NO_FLOODS = {
  flooding: { terminalMessages: { events: 1_000_000, windowMs: 10_000 }, cardLogins: { events: 1_000_000, windowMs: 60_000 } },
}

export interface House {
  readonly folder: string
  /** Of the broker. */
  readonly url: string
  /** The first terminal's, with the right to register the first operator. */
  readonly invitation: string
  /** When requests came to the gateway since this was asked last (bench/arrivals.ts). */
  arrivals(): Promise<bigint[]>
  /** Opened beside the gateway's process; closed by whoever has used it. */
  readonly registry: Registry
  close(): Promise<void>
}

/** `policy` as in docs/operations.md. */
export async function startHouse(policy: object): Promise<House> {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-bench-'))
  const data = join(folder, 'gateway')
  await mkdir(data, { recursive: true, mode: 0o700 })
  await writeFile(join(data, 'policy.json'), JSON.stringify(policy))
  const mosquitto = await startMosquitto()
  const gateway = await GatewayProcess.startWith(['--import', ARRIVALS], '--data', data, '--broker', mosquitto.url, '--desk')
  const { registry } = openRegistry(data)
  return {
    folder,
    url: mosquitto.url,
    invitation: gateway.ready.invitation ?? '',
    registry,
    async arrivals() {
      const lines = createInterface({ input: gateway.child.stdout as Readable })
      const said = once(lines, 'line')
      gateway.child.kill('SIGUSR2')
      const [line] = await said
      lines.close()
      return (JSON.parse(line) as { readonly arrived: readonly string[] }).arrived.map(BigInt)
    },
    async close() {
      await gateway.end('SIGTERM')
      await mosquitto.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
