/** One end of EDHOC on the command line, so that other implementations can be run against ours. See `usage`. */
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { nodeCrypto } from '../native/crypto.ts'
import { equalConstantTime, fromHex, toHex } from '../protocol/bytes.ts'
import type { KeyPair } from '../protocol/crypto.ts'
import type { Authenticator, OwnCredential } from '../protocol/edhoc/credentials.ts'
import { EdhocError } from '../protocol/edhoc/errors.ts'
import { startInitiator } from '../protocol/edhoc/initiator.ts'
import { type CredentialReference, parseIdCred } from '../protocol/edhoc/items.ts'
import { processMessage1 } from '../protocol/edhoc/responder.ts'
import type { EdhocSession } from '../protocol/edhoc/session.ts'
import {
  initiatorKey,
  isMethod,
  isSuiteNumber,
  type KeyKind,
  type Method,
  responderKey,
  type SuiteNumber,
  suites,
} from '../protocol/edhoc/suites.ts'

const usage = `usage: npm run -s edhoc -- initiator|responder SCENARIO

Speaks EDHOC (RFC 9528) over standard input and output, one message a line, bytes as lower-case hexadecimal digits:

  initiator writes  message_1 HEX        reads  message_2 HEX
            writes  message_3 HEX        reads  message_4 HEX   (only with msg4=1)
  then both write   prk_out HEX
                    exporter LABEL CONTEXT-OR-'-' LENGTH HEX     (labels 0 and 1, then the scenario's own)
                    compute_us N         own computing time in microseconds, waiting not counted
                    done
  or, on failure    error ERRORMESSAGE-HEX-OR-'-' TEXT           and exit status 1

A line 'error HEX ...' from the other end is taken as its error message.

SCENARIO is a text file of key=value lines; values are hexadecimal unless said otherwise:
  method, suite, msg4         decimal; suite is the one that the initiator selects; msg4 is 0 or 1 (default: 0)
  suites_i, suites_r          decimal, with commas: what each end supports, suites_i in order of preference (default: suite);
                              those that are not built here are left out
  cred_type                   x5t, x5chain or kid
  c_i, c_r                    connection identifiers
  sk_i, pk_i, sk_r, pk_r      authentication keys; a public key on a NIST curve is x || y
  id_cred_i, cred_i, id_cred_r, cred_r   CBOR, as it goes into the contexts; trusted as it stands (ca_cert, ca_pk are not needed)
  exp_label, exp_context, exp_len        the scenario's own exporter call; label and length decimal; the context
                              may be empty or '-'
  x, y                        ephemeral private keys, for tests: never use one twice
`

class ScenarioError extends Error {}

type Role = 'initiator' | 'responder'

/** The end that this program is. Of the other one it needs the credential only. */
interface End {
  readonly authenticator: Authenticator
  readonly connectionId: Uint8Array
  readonly suites: readonly SuiteNumber[]
  readonly ephemeral?: KeyPair
}

interface Scenario {
  readonly method: Method
  readonly suite: SuiteNumber
  readonly message4: boolean
  readonly own: End
  readonly peer: OwnCredential
  /** An ephemeral key is given, for whichever end. */
  readonly isTest: boolean
  readonly exports: readonly { readonly label: number; readonly context: Uint8Array; readonly length: number }[]
}

function parseScenario(text: string, role: Role): Scenario {
  const values = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const at = line.indexOf('=')
    if (at > 0) values.set(line.slice(0, at).trim(), line.slice(at + 1).trim())
  }
  const get = (key: string, otherwise?: string): string => {
    const value = values.get(key) ?? otherwise
    if (value === undefined) throw new ScenarioError(`the scenario lacks ${key}`)
    return value
  }
  const integer = (key: string, value = get(key)): number => {
    if (!/^-?\d+$/.test(value)) throw new ScenarioError(`${key} must be a decimal number`)
    return Number(value)
  }
  const flag = (key: string): boolean => {
    const value = get(key, '0')
    if (value !== '0' && value !== '1') throw new ScenarioError(`${key} must be 0 or 1`)
    return value === '1'
  }
  const bytes = (key: string, value = get(key)): Uint8Array => {
    try {
      return fromHex(value)
    } catch (error) {
      throw error instanceof RangeError ? new ScenarioError(`${key} must be hexadecimal`) : error
    }
  }
  const method = integer('method')
  if (!isMethod(method)) throw new ScenarioError(`method ${method} is not supported`)
  const suite = integer('suite')
  if (!isSuiteNumber(suite)) throw new ScenarioError(`suite ${suite} is not supported`)
  const { group, signature } = suites[suite]

  const credentialOf = (letter: 'i' | 'r'): OwnCredential => ({
    idCred: bytes(`id_cred_${letter}`),
    cred: bytes(`cred_${letter}`),
    publicKey: bytes(`pk_${letter}`),
  })
  const end = (letter: 'i' | 'r', kind: KeyKind, ephemeralKey: 'x' | 'y'): End => {
    const credential = credentialOf(letter)
    const privateKey = bytes(`sk_${letter}`)
    const authenticator: Authenticator =
      kind === 'signature'
        ? { kind, credential, sign: async (toBeSigned) => nodeCrypto.sign(signature, privateKey, toBeSigned) }
        : { kind, credential, agree: async (publicKey) => nodeCrypto.sharedSecret(group, privateKey, publicKey) }
    const listed = values.get(`suites_${letter}`)
    const numbers = listed ? listed.split(',').map((number) => integer(`suites_${letter}`, number.trim())) : [suite]
    const supported = numbers.filter(isSuiteNumber)
    if (supported.length === 0) throw new ScenarioError(`none of the suites in suites_${letter} is supported`)
    const facts = { authenticator, connectionId: bytes(`c_${letter}`), suites: supported }
    if (!values.get(ephemeralKey)) return facts
    const ephemeral = bytes(ephemeralKey)
    return { ...facts, ephemeral: { privateKey: ephemeral, publicKey: nodeCrypto.publicKey(group, ephemeral) } }
  }

  const expContext = get('exp_context', '-')
  const exported = values.get('exp_label')
    ? [
        {
          label: integer('exp_label'),
          context: bytes('exp_context', expContext === '-' ? '' : expContext),
          length: integer('exp_len'),
        },
      ]
    : []
  const nothing = new Uint8Array(0)
  return {
    method,
    suite,
    message4: flag('msg4'),
    own: role === 'initiator' ? end('i', initiatorKey[method], 'x') : end('r', responderKey[method], 'y'),
    peer: credentialOf(role === 'initiator' ? 'r' : 'i'),
    isTest: Boolean(values.get('x') || values.get('y')),
    exports: [{ label: 0, context: nothing, length: 16 }, { label: 1, context: nothing, length: 8 }, ...exported],
  }
}

/** The scenario's credential, where the other end named that one: nothing else is known here. */
function candidates(received: CredentialReference, known: OwnCredential): OwnCredential[] {
  return sameReference(received, parseIdCred(known.idCred).reference) ? [known] : []
}

function sameReference(a: CredentialReference, b: CredentialReference): boolean {
  switch (a.kind) {
    case 'kid':
      return b.kind === 'kid' && equalConstantTime(a.kid, b.kid)
    case 'x5t':
      return b.kind === 'x5t' && a.algorithm === b.algorithm && equalConstantTime(a.digest, b.digest)
    case 'x5chain': {
      const [leafA, leafB] = [a.certificates[0], b.kind === 'x5chain' ? b.certificates[0] : undefined]
      return leafA !== undefined && leafB !== undefined && equalConstantTime(leafA, leafB)
    }
    case 'kccs':
    case 'kcwt':
      return b.kind === a.kind && equalConstantTime(a.cred, b.cred)
    default: {
      const never: never = a
      return never
    }
  }
}

/** Counts computing, not waiting for lines. */
class Stopwatch {
  #nanoseconds = 0n

  async run<T>(work: () => T | Promise<T>): Promise<T> {
    const start = process.hrtime.bigint()
    const result = await work()
    this.#nanoseconds += process.hrtime.bigint() - start
    return result
  }

  get microseconds(): bigint {
    return (this.#nanoseconds + 500n) / 1000n
  }
}

const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]()

/** The next line's bytes; an error message passes for the message that is due, as on a wire. */
async function read(name: string): Promise<Uint8Array> {
  for (;;) {
    const { value, done } = await lines.next()
    if (done) throw new ScenarioError(`standard input ended where ${name} is due`)
    // No digits at all are the empty message, for EDHOC to refuse.
    const [word, hex = ''] = value.trim().split(/\s+/)
    if (word === '' || word === undefined) continue
    if (word === 'error' && (hex === '' || hex === '-')) throw new ScenarioError('the other end failed')
    if (word !== name && word !== 'error') throw new ScenarioError(`${name} is due, not ${word}`)
    try {
      return fromHex(hex)
    } catch (error) {
      throw error instanceof RangeError ? new ScenarioError(`${name} must be hexadecimal`) : error
    }
  }
}

function write(...words: readonly (string | number | bigint)[]): void {
  process.stdout.write(`${words.join(' ')}\n`)
}

async function runInitiator(scenario: Scenario, stopwatch: Stopwatch): Promise<EdhocSession> {
  const { method, suite, own, peer } = scenario
  const { connectionId: cI, ephemeral } = own
  const options = {
    crypto: nodeCrypto,
    method,
    suites: own.suites,
    selectedSuite: suite,
    cI,
    ...(ephemeral && { ephemeral }),
  }
  const started = await stopwatch.run(() => startInitiator(options))
  write('message_1', toHex(started.message1))
  const message2 = await read('message_2')
  const sent = await stopwatch.run(() => {
    const received = started.processMessage2(message2)
    return received.verify(...candidates(received.reference, peer)).completeMessage3(own.authenticator)
  })
  write('message_3', toHex(sent.message3))
  if (!scenario.message4) return sent.completeWithoutMessage4()
  const message4 = await read('message_4')
  return await stopwatch.run(() => sent.processMessage4(message4).session)
}

async function runResponder(scenario: Scenario, stopwatch: Stopwatch): Promise<EdhocSession> {
  const { method, own, peer } = scenario
  const message1 = await read('message_1')
  const { ephemeral } = own
  const options = { crypto: nodeCrypto, methods: [method], suites: own.suites, ...(ephemeral && { ephemeral }) }
  const sent = await stopwatch.run(() => processMessage1(message1, options).prepareMessage2(own.authenticator, own.connectionId))
  write('message_2', toHex(sent.message2))
  const message3 = await read('message_3')
  const verified = await stopwatch.run(() => {
    const received = sent.processMessage3(message3)
    return received.verify(...candidates(received.reference, peer))
  })
  if (!scenario.message4) return await stopwatch.run(() => verified.completeWithoutMessage4())
  const { message4, session } = await stopwatch.run(() => verified.prepareMessage4())
  write('message_4', toHex(message4))
  return session
}

async function main(args: readonly string[]): Promise<number> {
  const [role, file] = args
  if (args.includes('--help')) {
    process.stdout.write(usage)
    return 0
  }
  if ((role !== 'initiator' && role !== 'responder') || file === undefined || args.length !== 2) {
    process.stderr.write(usage)
    return 2
  }
  try {
    const scenario = parseScenario(readFileSync(file, 'utf8'), role)
    if (scenario.isTest) process.stderr.write('the scenario gives an ephemeral key: for tests only\n')
    const stopwatch = new Stopwatch()
    const session = await (role === 'initiator' ? runInitiator : runResponder)(scenario, stopwatch)
    const exported = await stopwatch.run(() =>
      scenario.exports.map(({ label, context, length }) => toHex(session.exporter(label, context, length))),
    )
    write('prk_out', toHex(session.prkOut))
    for (const [i, { label, context, length }] of scenario.exports.entries()) {
      write('exporter', label, context.length === 0 ? '-' : toHex(context), length, exported[i] as string)
    }
    write('compute_us', stopwatch.microseconds)
    write('done')
    return 0
  } catch (error) {
    const errorMessage = error instanceof EdhocError ? error.errorMessage : undefined
    write('error', errorMessage === undefined ? '-' : toHex(errorMessage), error instanceof Error ? error.message : String(error))
    return 1
  }
}

process.exitCode = await main(process.argv.slice(2))
// Whoever has the other end open, a person's keyboard for one, would keep this program waiting.
process.stdin.destroy()
