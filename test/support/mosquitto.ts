/** A Mosquitto of the test's own: a free port, a temporary folder, plain or with TLS and client certificates. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endsWithUs } from './ends-with-us.ts'
import { makeTlsFiles, type TlsFiles } from './tls.ts'

export interface Mosquitto {
  readonly url: string
  readonly port: number
  /** PEM texts and their paths; with `tls` only. */
  readonly tls?: TlsFiles
  /** Stops the broker as SIGTERM does, or at once; the port stays the same for `start`. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
  start(): Promise<void>
  /** Stops it and removes its folder. */
  close(): Promise<void>
}

/** Below what systems give to whoever asks for any port (32768 on Linux, 49152 elsewhere), above what services have. */
const PORTS = { first: 20_000, count: 12_000 }

/**
 * A port that stays free until the test takes it, and again while what listens there is down: the system gives it to nobody, and no other
 * test gets it, because its number is held as a UDP port until this process ends.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 1; attempt <= 100; attempt += 1) {
    const port = PORTS.first + randomInt(PORTS.count)
    if ((await holds(port)) && (await canListen(port))) return port
  }
  throw new Error('no port')
}

function holds(port: number): Promise<boolean> {
  const hold = createSocket('udp4').unref()
  return new Promise((resolve) => {
    hold.once('error', () => resolve(false))
    hold.bind({ port, address: '127.0.0.1', exclusive: true }, () => resolve(true))
  })
}

function canListen(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

export interface MosquittoOptions {
  /** The broker asks for a client certificate of the same authority. */
  readonly tls: boolean
  /** Mosquitto's access control (mosquitto.conf, "acl_file"), by user name, which nobody has to prove; without it everybody may do everything. */
  readonly rights?: string
}

/** Needs Debian's package mosquitto. */
export async function startMosquitto(options: MosquittoOptions = { tls: false }): Promise<Mosquitto> {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-mosquitto-'))
  const port = await freePort()
  const tls = options.tls ? await makeTlsFiles(folder) : undefined
  const lines = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'persistence false',
    'set_tcp_nodelay true',
    // As root it would change to a user that cannot read the temporary folder.
    'user root',
    ...(tls === undefined
      ? []
      : [
          `cafile ${tls.caFile}`,
          `certfile ${tls.serverCertificateFile}`,
          `keyfile ${tls.serverKeyFile}`,
          'require_certificate true',
          'tls_version tlsv1.2',
        ]),
  ]
  if (options.rights !== undefined) {
    const file = join(folder, 'rights')
    // Mosquitto wants to be the only one who may read it.
    await writeFile(file, options.rights, { mode: 0o600 })
    lines.push(`acl_file ${file}`)
  }
  const configuration = join(folder, 'mosquitto.conf')
  await writeFile(configuration, `${lines.join('\n')}\n`)

  let child: ChildProcess | undefined
  let output = ''
  const start = async (): Promise<void> => {
    const started = endsWithUs(spawn('/usr/sbin/mosquitto', ['-c', configuration], { stdio: ['ignore', 'pipe', 'pipe'] }))
    child = started
    let ended: string | undefined
    started.once('error', (error) => {
      ended = error.message
    })
    started.once('exit', (code) => {
      ended = `exit status ${code}`
    })
    for (const stream of [started.stdout, started.stderr]) {
      stream.on('data', (text: Buffer) => {
        output = (output + text.toString()).slice(-4000)
      })
    }
    for (const end = Date.now() + 30_000; !(await answers(port)); ) {
      if (ended !== undefined || Date.now() > end) throw new Error(`mosquitto did not start (${ended ?? 'silent'}): ${output}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  const stop = async (signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> => {
    const running = child
    child = undefined
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return
    const exited = new Promise((resolve) => running.once('exit', resolve))
    running.kill(signal)
    await exited
  }
  await start()
  return {
    url: `${tls === undefined ? 'mqtt' : 'mqtts'}://localhost:${port}`,
    port,
    ...(tls === undefined ? {} : { tls }),
    start,
    stop,
    async close() {
      await stop('SIGKILL')
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
