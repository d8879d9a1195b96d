/** The probes of the real terminal. */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import * as files from 'node:fs/promises'
import { join } from 'node:path'
import { lookAtCertificate } from '../../native/broker/certificate.ts'
import { BrokerError, type BrokerTls, connectBroker } from '../../native/broker.ts'
import { removePrivateFile, writePrivateFile } from '../../native/conversation/private-file.ts'
import type { Readers } from '../../native/reader.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import { problemOf } from '../ceremonies/problems.ts'
import type { Snapshot } from '../contract/snapshot.ts'
import type { GatewayConnection } from '../gateway-connection.ts'
import { newTerminalId } from '../session/identity.ts'
import type { Probes } from './probes.ts'

const READERS_MS = 4000
const BROKER_MS = 4000
const GATEWAY_MS = 4000
/** More than a file system might keep in the folder itself. */
const TRIAL_BYTES = 65_536

export interface DeskProbesOptions {
  readonly readers: Pick<Readers, 'status' | 'subscribe'>
  readonly snapshot: () => Snapshot
  readonly connection: Pick<GatewayConnection, 'gateway'>
  readonly brokerUrl: string
  readonly tls: BrokerTls | undefined
  readonly crypto: Crypto
  /** TESSERA_HOME/terminal */
  readonly folder: string
  /** package.json of the program as it is installed now. */
  readonly manifest: string
}

export function createDeskProbes(options: DeskProbesOptions): Probes {
  const { readers, snapshot, connection, brokerUrl, tls, crypto, folder, manifest } = options
  return {
    async readers() {
      await answered(readers)
      const { desk, problem } = snapshot().readers
      return { service: readers.status().service, desk, ...(problem && { problem }) }
    },
    async broker() {
      if (snapshot().gateway.kind === 'online') return undefined
      // A connection of its own, as an enrolment makes one, says best why there is none.
      const trial = connectBroker({ url: brokerUrl, clientId: newTerminalId(crypto), session: 'clean', ...(tls && { tls }) })
      try {
        await trial.connected(BROKER_MS)
        return undefined
      } catch (error) {
        if (error instanceof BrokerError) return error.kind
        throw error
      } finally {
        await trial.close()
      }
    },
    brokerCertificate: () => lookAtCertificate(brokerUrl, tls, BROKER_MS),
    async gateway() {
      const link = connection.gateway()?.link
      if (link === undefined) return { kind: 'failed', problem: { code: 'not-enrolled' } }
      const began = performance.now()
      try {
        const { time } = await link.greet(GATEWAY_MS)
        const ms = performance.now() - began
        return { kind: 'answered', ms, time, at: Date.now() - ms / 2 }
      } catch (error) {
        return { kind: 'failed', problem: problemOf(error) }
      }
    },
    async terminalCertificate() {
      const certificate = connection.gateway()?.certificate
      return certificate && Date.parse(new X509Certificate(certificate).validTo)
    },
    async storage() {
      const trial = join(folder, 'trial')
      try {
        await writePrivateFile(trial, new Uint8Array(TRIAL_BYTES))
        await removePrivateFile(trial)
      } catch (error) {
        return { kind: 'failed', code: String((error as NodeJS.ErrnoException).code) }
      }
      const freeBytes = await freeBytesOf(folder)
      return { kind: 'written', ...(freeBytes === undefined ? {} : { freeBytes }) }
    },
    versions() {
      const { version: installed }: { version?: unknown } = JSON.parse(readFileSync(manifest, 'utf8'))
      return { running: snapshot().application.version, installed: String(installed) }
    },
  }
}

/** The service has said how it is, or has had its time: right after the program's start it has only been asked. */
function answered(readers: Pick<Readers, 'status' | 'subscribe'>): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (readers.status().service.kind !== 'starting') finish()
    }
    const finish = (): void => {
      clearTimeout(timer)
      stop()
      resolve()
    }
    const timer = setTimeout(finish, READERS_MS)
    const stop = readers.subscribe(look)
    look()
  })
}

/** Undefined where the runtime has no statfs, such as Electron 22's. No other program is started to find it out. */
async function freeBytesOf(folder: string): Promise<number | undefined> {
  const { statfs }: Partial<Pick<typeof files, 'statfs'>> = files
  if (statfs === undefined) return undefined
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}
