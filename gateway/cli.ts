/** `npm run gateway -- COMMAND`: runs the gateway, and looks after what it keeps, also while it runs. */
import { resolve } from 'node:path'
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { dataDirectoryOf, HELP, type Output, siteOf, text, UsageError, type Values, wholeNumber } from './commands/common.ts'
import { wordsFor } from './commands/problems.ts'
import type { BrokerTlsFiles } from './running.ts'

const COMMON = { help: { type: 'boolean', short: 'h' }, data: { type: 'string' }, json: { type: 'boolean' } } as const
const OPTIONS: Readonly<Record<string, ParseArgsOptionsConfig>> = {
  start: {
    ...COMMON,
    desk: { type: 'boolean' },
    port: { type: 'string' },
    site: { type: 'string' },
    slot: { type: 'string' },
    broker: { type: 'string' },
    ca: { type: 'string' },
    cert: { type: 'string' },
    key: { type: 'string' },
    'server-name': { type: 'string' },
  },
  invite: {
    ...COMMON,
    site: { type: 'string' },
    hours: { type: 'string' },
    'first-operator': { type: 'boolean' },
    node: { type: 'string' },
    scopes: { type: 'string' },
    minutes: { type: 'string' },
  },
  holders: COMMON,
  cards: COMMON,
  terminals: COMMON,
  nodes: COMMON,
  'handover-keys': COMMON,
  block: { ...COMMON, 'keep-pin': { type: 'boolean' } },
  unblock: COMMON,
  blocks: COMMON,
  locate: COMMON,
  findings: { ...COMMON, kind: { type: 'string' }, limit: { type: 'string' } },
  policy: COMMON,
  audit: COMMON,
}

function tlsOf(values: Values): BrokerTlsFiles {
  const path = (name: string) => {
    const given = text(values, name)
    return given === undefined ? undefined : resolve(given)
  }
  const [ca, certificate, key, serverName] = [path('ca'), path('cert'), path('key'), text(values, 'server-name')]
  if ((certificate === undefined) !== (key === undefined)) throw new UsageError('--cert and --key go together')
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { serverName }),
  }
}

async function run(words: readonly string[]): Promise<number> {
  const [command, ...rest] = words
  if (command === undefined || command === '--help' || command === '-h' || command === 'help') {
    process.stdout.write(`${HELP.all}\n`)
    return command === undefined ? 2 : 0
  }
  const options = Object.hasOwn(OPTIONS, command) ? OPTIONS[command] : undefined
  if (options === undefined) throw new UsageError(`unknown command: ${command}`)
  let parsed: { values: Values; positionals: string[] }
  try {
    parsed = parseArgs({ args: rest, options, allowPositionals: true }) as typeof parsed
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
  const { values, positionals } = parsed
  if (values.help === true) {
    process.stdout.write(`${HELP[command as keyof typeof HELP]}\n`)
    return 0
  }
  const json = values.json === true
  const output: Output = (words, data) => process.stdout.write(json ? `${JSON.stringify(data)}\n` : `${words}\n`)
  // Loaded when it is needed: help and typing errors are answered at once.
  if (command !== 'start') return (await import('./commands/administer.ts')).administer(command, positionals, values, output)
  if (positionals.length > 0) throw new UsageError(`start takes no word: ${positionals.join(' ')}`)
  const url = text(values, 'broker')
  if (url !== undefined && values.port !== undefined)
    throw new UsageError("--port is the embedded broker's: not together with --broker")
  const tls = tlsOf(values)
  if (url === undefined && Object.keys(tls).length > 0)
    throw new UsageError('--ca, --cert, --key and --server-name are for another broker: together with --broker')
  const { runGateway } = await import('./commands/start.ts')
  return runGateway({
    dataDirectory: dataDirectoryOf(text(values, 'data')),
    broker:
      url === undefined
        ? { kind: 'embedded', port: wholeNumber(values, 'port', values.desk === true ? 0 : 1883, 0, 65_535) }
        : { kind: 'external', url, tls },
    slot: wholeNumber(values, 'slot', 0, 0, 9999),
    desk: values.desk === true,
    site: siteOf(values),
    output,
  })
}

try {
  process.exitCode = await run(process.argv.slice(2))
} catch (error) {
  const [command = ''] = process.argv.slice(2)
  const help = Object.hasOwn(HELP, command) ? HELP[command as keyof typeof HELP] : HELP.all
  if (error instanceof UsageError) process.stderr.write(`${error.message}\n\n${help}\n`)
  else process.stderr.write(`${wordsFor(error) ?? (error instanceof Error ? (error.stack ?? error.message) : String(error))}\n`)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
