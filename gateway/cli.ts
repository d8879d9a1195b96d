/** `npm run gateway -- COMMAND`: runs the gateway, and looks after what it keeps, also while it runs. */
import { readFileSync } from 'node:fs'
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { BrokerError, type BrokerTls } from '../native/broker.ts'
import { KeysError } from './authority/keys.ts'
import { dataDirectoryOf, HELP, type Output, UsageError } from './commands/common.ts'
import { auditVerify, listCards, listHolders, listTerminals } from './commands/lists.ts'
import { runGateway } from './commands/start.ts'
import { openRegistry } from './main.ts'
import { type Outcome, restoreHolder, suspendHolder, withdrawCard, withdrawTerminal } from './registry/administration.ts'
import type { Registry } from './registry/context.ts'
import { invite } from './registry/terminals.ts'
import { StoreError } from './store/store.ts'

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
  invite: { ...COMMON, site: { type: 'string' }, hours: { type: 'string' }, 'first-operator': { type: 'boolean' } },
  holders: COMMON,
  cards: COMMON,
  terminals: COMMON,
  audit: COMMON,
}

type Values = Readonly<Record<string, string | boolean | undefined>>

function text(values: Values, name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

function wholeNumber(values: Values, name: string, otherwise: number, least: number, most: number): number {
  const value = text(values, name)
  if (value === undefined) return otherwise
  const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN
  if (!(number >= least && number <= most)) throw new UsageError(`--${name} takes a whole number from ${least} to ${most}`)
  return number
}

function siteOf(values: Values): string {
  const site = text(values, 'site') ?? 'Desk'
  if (site.length < 1 || site.length > 80) throw new UsageError('--site takes 1 to 80 characters')
  return site
}

function tlsOf(values: Values): BrokerTls {
  const read = (name: string) => {
    const path = text(values, name)
    return path === undefined ? undefined : readFileSync(path, 'utf8')
  }
  const [ca, certificate, key, serverName] = [read('ca'), read('cert'), read('key'), text(values, 'server-name')]
  if ((certificate === undefined) !== (key === undefined)) throw new UsageError('--cert and --key go together')
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { serverName }),
  }
}

/** Commands that open the store, do one thing and end. */
async function administer(command: string, rest: readonly string[], values: Values, output: Output): Promise<number> {
  const { registry } = openRegistry(dataDirectoryOf(text(values, 'data')))
  try {
    return await administerWith(registry, command, rest, values, output)
  } finally {
    await registry.store.close()
  }
}

async function administerWith(
  registry: Registry,
  command: string,
  rest: readonly string[],
  values: Values,
  output: Output,
): Promise<number> {
  const [verb, who, ...more] = rest
  if (more.length > 0) throw new UsageError(`too many words after ${command}`)
  const change = async (outcome: Promise<Outcome>): Promise<number> => {
    const result = await outcome
    output(`${command} ${verb} ${who}: ${result}`, { outcome: result })
    return result === 'unknown' ? 1 : 0
  }
  switch ([command, verb, who === undefined ? '' : 'WHO'].filter(Boolean).join(' ')) {
    case 'invite': {
      const hours = wholeNumber(values, 'hours', 24, 1, 24 * 30)
      const first = values['first-operator'] === true
      const made = await invite(registry, { site: siteOf(values), validMs: hours * 3_600_000, mayRegisterFirstOperator: first })
      const until = new Date(made.expiresAt).toISOString()
      output(`Type this code into the terminal before ${until}:\n\n  ${made.code}\n`, { invitation: made.code, expiresAt: until })
      return 0
    }
    case 'holders':
      return listHolders(registry, output)
    case 'holders suspend WHO':
      return change(suspendHolder(registry, who ?? ''))
    case 'holders restore WHO':
      return change(restoreHolder(registry, who ?? ''))
    case 'cards':
      return listCards(registry, output)
    case 'cards withdraw WHO':
      return change(withdrawCard(registry, who ?? ''))
    case 'terminals':
      return listTerminals(registry, output)
    case 'terminals withdraw WHO':
      return change(withdrawTerminal(registry, who ?? ''))
    case 'audit verify':
      return auditVerify(registry, output)
    default:
      throw new UsageError(`unknown: ${[command, ...rest].join(' ')}`)
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
  if (command !== 'start') return administer(command, positionals, values, output)
  if (positionals.length > 0) throw new UsageError(`start takes no word: ${positionals.join(' ')}`)
  const url = text(values, 'broker')
  if (url !== undefined && values.port !== undefined)
    throw new UsageError("--port is the embedded broker's: not together with --broker")
  return runGateway({
    dataDirectory: dataDirectoryOf(text(values, 'data')),
    broker:
      url === undefined
        ? { kind: 'embedded', port: wholeNumber(values, 'port', values.desk === true ? 0 : 1883, 0, 65_535) }
        : { kind: 'external', url, tls: tlsOf(values) },
    slot: wholeNumber(values, 'slot', 0, 0, 9999),
    desk: values.desk === true,
    site: siteOf(values),
    output,
  })
}

/** A file that is not there, a port that is taken: the system's own words say enough. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error
}

try {
  process.exitCode = await run(process.argv.slice(2))
} catch (error) {
  if (error instanceof UsageError) process.stderr.write(`${error.message}\n\n${HELP.all}\n`)
  else if (error instanceof BrokerError || error instanceof StoreError || error instanceof KeysError)
    process.stderr.write(`${error.message}\n`)
  else if (isSystemError(error)) process.stderr.write(`${error.message}\n`)
  else process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
