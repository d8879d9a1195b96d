/** `npm run records -- --broker URL --data DIR [--invitation CODE] [--ca FILE]`: the example as a program. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { startRecords } from './records.ts'

const USAGE = `npm run records -- [options]

The example service: records that the desk's window shows and adds notes to.

  --broker URL        mqtts://host[:8883], or mqtt://localhost[:1883] (default: $TESSERA_BROKER_URL)
  --ca FILE           certificates (PEM) that the broker's must lead to
  --cert FILE         client certificate (PEM) for that broker, with --key FILE
  --key FILE          its private key (PEM)
  --data DIR          identity and records (default: ./records-data)
  --invitation CODE   of npm run gateway -- invite --node records --scopes record:read,record:note=desk; needed once
  --json              one line {"ready":true,...} when ready
  -h, --help          this text
`

/** A slip is told in its one line, and ends the program with status 2. */
function readOptions() {
  try {
    return parseArgs({
      options: {
        broker: { type: 'string', default: process.env.TESSERA_BROKER_URL },
        ca: { type: 'string' },
        cert: { type: 'string' },
        key: { type: 'string' },
        data: { type: 'string', default: 'records-data' },
        invitation: { type: 'string', default: process.env.TESSERA_NODE_INVITATION },
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

const read = (file: string): string => readFileSync(file, 'utf8')

if (values.help || values.broker === undefined) {
  process.stdout.write(USAGE)
  process.exitCode = values.help ? 0 : 2
} else {
  try {
    const service = await startRecords({
      broker: {
        url: values.broker,
        tls: {
          ...(values.ca === undefined ? {} : { ca: read(values.ca) }),
          ...(values.cert === undefined ? {} : { certificate: read(values.cert) }),
          ...(values.key === undefined ? {} : { key: read(values.key) }),
        },
      },
      dataDirectory: resolve(values.data),
      ...(values.invitation === undefined ? {} : { invitation: values.invitation }),
      audit(event) {
        // Whose record, what was done, and whether: the terminal and the pseudonym, never what it says.
        const line = 'session' in event ? { ...event, session: event.session.id, subject: event.session.subject } : event
        process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), ...line })}\n`)
      },
    })
    const ready = { ready: true, name: service.name, node: service.node }
    process.stdout.write(
      values.json ? `${JSON.stringify(ready)}\n` : `${service.name} serves; its data lies in ${resolve(values.data)}.\n`,
    )
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void service.close())
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
