/** `npm run service -- ...`: a service node for a program in any language (docs/integrate.md). */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import * as v from 'valibot'
import { readPrivateFile, writePrivateFile } from '../native/conversation/private-file.ts'
import { fromUtf8, utf8 } from '../protocol/bytes.ts'
import { startControl } from './control.ts'
import { Forwarder, operationsFileSchema } from './forward.ts'
import type { ServiceSession } from './operations.ts'
import { createService } from './service.ts'

const USAGE = `npm run service -- --forward URL --operations FILE [options]

A service node beside your program: each request of a signed-in person becomes an HTTP POST with JSON to it.

  --forward URL       your program on this machine, like http://127.0.0.1:8080
  --operations FILE   JSON: {"record.read": "record:read", ...}, each operation with the scope that it needs
  --broker URL        mqtts://host[:8883], or mqtt://localhost[:1883] (default: $TESSERA_BROKER_URL)
  --ca FILE           certificates (PEM) that the broker's must lead to
  --cert FILE         client certificate (PEM) for that broker, with --key FILE
  --key FILE          its private key (PEM)
  --data DIR          identity and shared secret (default: ./service-data)
  --invitation CODE   of npm run gateway -- invite --node; needed once (default: $TESSERA_NODE_INVITATION)
  --control PORT      also serve GET /sessions and DELETE /sessions/ID on 127.0.0.1 (0 takes a free port)
  --json              one line {"ready":true,...} when ready; the audit goes to standard error, one line of JSON each
  -h, --help          this text

Every call carries "Authorization: Bearer SECRET"; the secret is $TESSERA_SERVICE_SECRET, else the file DIR/secret,
which is made at the first start.
`

/** A slip is told in its one line, and ends the program with status 2. */
function readOptions() {
  try {
    return parseArgs({
      options: {
        forward: { type: 'string' },
        operations: { type: 'string' },
        broker: { type: 'string', default: process.env.TESSERA_BROKER_URL },
        ca: { type: 'string' },
        cert: { type: 'string' },
        key: { type: 'string' },
        data: { type: 'string', default: 'service-data' },
        invitation: { type: 'string', default: process.env.TESSERA_NODE_INVITATION },
        control: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`)
    process.exit(2)
  }
}

const values = readOptions()

/** 32 random bytes, made once. */
async function secretIn(folder: string): Promise<string> {
  const given = process.env.TESSERA_SERVICE_SECRET
  if (given !== undefined && given !== '') return given
  const path = join(folder, 'secret')
  const known = await readPrivateFile(path)
  if (known !== undefined) return fromUtf8(known).trim()
  const made = randomBytes(32).toString('base64url')
  await writePrivateFile(path, utf8(`${made}\n`))
  return made
}

function read(path: string | undefined): string | undefined {
  return path === undefined ? undefined : readFileSync(path, 'utf8')
}

async function run(url: string, operationsFile: string, broker: string): Promise<void> {
  const folder = resolve(values.data)
  const secret = await secretIn(folder)
  const forwarder = new Forwarder({ url, secret })
  const operations = forwarder.operations(v.parse(operationsFileSchema, JSON.parse(readFileSync(operationsFile, 'utf8'))))
  const sessions = new Map<string, ServiceSession>()
  const [ca, certificate, key] = [read(values.ca), read(values.cert), read(values.key)]
  const service = await createService({
    broker: {
      url: broker,
      tls: {
        ...(ca === undefined ? {} : { ca }),
        ...(certificate === undefined ? {} : { certificate }),
        ...(key === undefined ? {} : { key }),
      },
    },
    identityFile: join(folder, 'identity.json'),
    ...(values.invitation === undefined ? {} : { invitation: values.invitation }),
    operations,
    onSessionStart(session) {
      sessions.set(session.id, session)
      void forwarder.tellStart(session)
    },
    onSessionEnd(session, reason) {
      sessions.delete(session.id)
      void forwarder.tellEnd(session, reason)
    },
    audit(event) {
      const session = 'session' in event ? { session: event.session.id, subject: event.session.subject } : {}
      const error = 'error' in event ? { error: event.error instanceof Error ? event.error.message : String(event.error) } : {}
      process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), ...event, ...session, ...error })}\n`)
    },
  })
  const control =
    values.control === undefined
      ? undefined
      : await startControl({
          port: Number(values.control),
          secret,
          sessions: () => sessions.values(),
          endSession: (id) => service.endSession(id),
        })
  const ready = { ready: true, name: service.name, node: service.node, ...(control && { control: control.port }) }
  const words = `${service.name} serves; requests go to ${url}.${control ? ` Control at http://127.0.0.1:${control.port}.` : ''}`
  process.stdout.write(values.json ? `${JSON.stringify(ready)}\n` : `${words}\n`)
  const stop = async (): Promise<void> => {
    await control?.close()
    await service.close()
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop())
}

const { forward, operations, broker } = values
if (values.help || forward === undefined || operations === undefined || broker === undefined) {
  process.stdout.write(USAGE)
  process.exitCode = values.help ? 0 : 2
} else {
  try {
    await run(forward, operations, broker)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
