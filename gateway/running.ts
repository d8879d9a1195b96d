/**
 * Which gateways work on a data folder, and by which broker: written by each while it runs, so that a command beside it
 * reaches the same terminals. The file is its user's only (0600): a broker's URL may hold a password.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import type { BrokerTls } from '../native/broker.ts'

const tlsFilesSchema = v.strictObject({
  ca: v.optional(v.string()),
  certificate: v.optional(v.string()),
  key: v.optional(v.string()),
  serverName: v.optional(v.string()),
})
/** TLS to the broker as paths of PEM files: what is kept of a private key is where it lies. */
export type BrokerTlsFiles = v.InferOutput<typeof tlsFilesSchema>

const runningSchema = v.strictObject({
  pid: v.number(),
  worker: v.string(),
  brokerUrl: v.string(),
  tls: v.optional(tlsFilesSchema),
})
export type RunningGateway = v.InferOutput<typeof runningSchema>

/** Throws the system's error where a file cannot be read. */
export function readTlsFiles({ ca, certificate, key, serverName }: BrokerTlsFiles): BrokerTls {
  const read = (path: string) => readFileSync(path, 'utf8')
  return {
    ...(ca === undefined ? {} : { ca: read(ca) }),
    ...(certificate === undefined ? {} : { certificate: read(certificate) }),
    ...(key === undefined ? {} : { key: read(key) }),
    ...(serverName === undefined ? {} : { serverName }),
  }
}

const folderOf = (dataDirectory: string) => join(dataDirectory, 'run')
const fileOf = (dataDirectory: string, slot: number) => join(folderOf(dataDirectory), `worker-${slot}.json`)

export function noteRunning(dataDirectory: string, slot: number, gateway: RunningGateway): void {
  mkdirSync(folderOf(dataDirectory), { recursive: true, mode: 0o700 })
  const path = fileOf(dataDirectory, slot)
  writeFileSync(`${path}.new`, JSON.stringify(gateway), { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

export function noteStopped(dataDirectory: string, slot: number): void {
  rmSync(fileOf(dataDirectory, slot), { force: true })
}

/** Those that run, as far as their process identifiers tell: one that was killed leaves its file behind. */
export function runningGateways(dataDirectory: string): RunningGateway[] {
  return namesIn(folderOf(dataDirectory))
    .filter((name) => /^worker-\d+\.json$/.test(name))
    .sort()
    .map((name) => parse(join(folderOf(dataDirectory), name)))
    .filter((gateway) => gateway !== undefined && isAlive(gateway.pid)) as RunningGateway[]
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'ENOENT') return []
    throw error
  }
}

function parse(path: string): RunningGateway | undefined {
  try {
    const parsed = v.safeParse(runningSchema, JSON.parse(readFileSync(path, 'utf8')))
    return parsed.success ? parsed.output : undefined
  } catch (error) {
    // Removed meanwhile, or damaged.
    if (error instanceof SyntaxError || (error as { readonly code?: unknown }).code === 'ENOENT') return undefined
    throw error
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as { readonly code?: unknown }).code === 'EPERM'
  }
}
