import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, describe, expect, it } from 'vitest'
import { toHex } from '../../protocol/bytes.ts'
import { initiatorKey, type Method, responderKey, type SuiteNumber } from '../../protocol/edhoc/suites.ts'
import rfc9529 from '../vectors/rfc9529.json' with { type: 'json' }
import { type CredentialType, makeEnd } from './edhoc-ends.ts'

const program = join(import.meta.dirname, '../../build/edhoc.ts')
const scenarios = join(import.meta.dirname, '../vectors/edhoc-scenarios')
const folder = mkdtempSync(join(tmpdir(), 'edhoc-'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Output {
  readonly lines: string[]
  readonly stderr: string
  readonly status: number
}

/** Runs both programs, and hands each line that is for the other end over to it, as `relay` gives it back. */
async function run(
  fileI: string,
  fileR: string,
  relay: (line: string) => string | undefined = (line) => line,
): Promise<[Output, Output]> {
  const children = [
    spawn(process.execPath, [program, 'initiator', fileI], { stdio: 'pipe' }),
    spawn(process.execPath, [program, 'responder', fileR], { stdio: 'pipe' }),
  ] as const
  const outputs = children.map(async (child, index): Promise<Output> => {
    const lines: string[] = []
    let stderr = ''
    child.stderr.on('data', (data) => {
      stderr += String(data)
    })
    const other = children[1 - index] as (typeof children)[number]
    // The other end may have finished already.
    other.stdin.on('error', () => {})
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line)
      const relayed = /^(message_|error )/.test(line) ? relay(line) : undefined
      if (relayed !== undefined) other.stdin.write(`${relayed}\n`)
    })
    const status = await new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? -1)))
    other.stdin.end()
    return { lines, stderr, status }
  })
  return (await Promise.all(outputs)) as [Output, Output]
}

let count = 0
function write(values: Record<string, string | number>): string {
  const file = join(folder, `${count++}.txt`)
  writeFileSync(
    file,
    Object.entries(values)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  )
  return file
}

function read(name: string): Record<string, string> {
  const lines = readFileSync(join(scenarios, name), 'utf8').trim().split('\n')
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
}

/** A scenario with keys made for it. */
function generate(method: Method, suite: SuiteNumber, type: CredentialType): Record<string, string | number> {
  const i = makeEnd(initiatorKey[method], suite, 'initiator', type)
  const r = makeEnd(responderKey[method], suite, 'responder', type)
  const keys = (letter: 'i' | 'r', end: typeof i) => ({
    [`sk_${letter}`]: toHex(end.privateKey),
    [`pk_${letter}`]: toHex(end.credential.publicKey),
    [`id_cred_${letter}`]: toHex(end.credential.idCred),
    [`cred_${letter}`]: toHex(end.credential.cred),
  })
  return { method, suite, cred_type: type, msg4: 1, c_i: '37', c_r: '4142', ...keys('i', i), ...keys('r', r) }
}

/** What both ends must agree on, and the shape of it all. */
function expectSession([i, r]: [Output, Output], exporters: readonly string[]): void {
  const results = (output: Output) => output.lines.filter((line) => !line.startsWith('message_'))
  expect([i.status, r.status]).toEqual([0, 0])
  expect(results(i).map((line) => line.replace(/ [0-9a-f]+$/, ''))).toEqual([
    'prk_out',
    'exporter 0 - 16',
    'exporter 1 - 8',
    ...exporters,
    'compute_us',
    'done',
  ])
  const agreed = (output: Output) => results(output).filter((line) => !line.startsWith('compute_us'))
  expect(agreed(r)).toEqual(agreed(i))
  for (const output of [i, r]) expect(Number(/compute_us (\d+)/.exec(output.lines.join('\n'))?.[1])).toBeGreaterThan(0)
}

describe('the EDHOC peer on the command line', () => {
  it.each(['m0-s2-x5t.txt', 'm0-s6-x5t.txt', 'm3-s2-kid.txt'])('runs %s against itself', async (name) => {
    const file = join(scenarios, name)
    const outputs = await run(file, file)
    expectSession(outputs, ['exporter 32768 - 32'])
    expect(outputs[0].stderr + outputs[1].stderr).toBe('')
    expect(outputs[0].lines.slice(0, 2).map((line) => line.split(' ')[0])).toEqual(['message_1', 'message_3'])
    expect(outputs[1].lines.slice(0, 2).map((line) => line.split(' ')[0])).toEqual(['message_2', 'message_4'])
    // c_i=37 is the integer -24, c_r=27 too is an integer.
    expect(outputs[0].lines[0]).toMatch(/^message_1 0[03]0[26]5820[0-9a-f]{64}37$/)
  })

  it.each([
    [0, 0, 'x5t'],
    [0, 24, 'x5t'],
    [0, 3, 'kid'],
    [0, 6, 'x5chain'],
    [1, 2, 'kid'],
    [2, 6, 'kid'],
    [3, 0, 'kid'],
    [3, 3, 'kid'],
    [3, 24, 'x5t'],
  ] as const)('runs method %i with suite %i and %s, keys made for it', async (method, suite, type) => {
    const scenario = { ...generate(method, suite, type), exp_label: 40000, exp_context: 'c0ffee', exp_len: 48 }
    const file = write(scenario)
    expectSession(await run(file, file), ['exporter 40000 c0ffee 48'])
  })

  it('leaves out message_4 where the scenario does', async () => {
    const file = write({ ...read('m0-s6-x5t.txt'), msg4: 0 })
    const outputs = await run(file, file)
    expectSession(outputs, ['exporter 32768 - 32'])
    expect(outputs[1].lines.some((line) => line.startsWith('message_4'))).toBe(false)
  })

  it('needs of the other end what is public, and of what may be left out nothing', async () => {
    const { sk_i, sk_r, msg4: _, exp_context: __, ...base } = read('m0-s6-x5t.txt')
    const outputs = await run(write({ ...base, sk_i: sk_i ?? '' }), write({ ...base, sk_r: sk_r ?? '' }))
    expectSession(outputs, ['exporter 32768 - 32'])
    expect(outputs[1].lines.some((line) => line.startsWith('message_4'))).toBe(false)
  })

  it('leaves out of a list the suites that are not built', async () => {
    const file = write({ ...read('m0-s6-x5t.txt'), suites_i: '4,6', suites_r: '25,6' })
    const outputs = await run(file, file)
    expectSession(outputs, ['exporter 32768 - 32'])
    expect(outputs[0].lines[0]).toMatch(/^message_1 0006/)
  })

  it('says at both ends that an ephemeral key of either is for tests', async () => {
    const file = write({ ...read('m0-s6-x5t.txt'), y: '22'.repeat(32) })
    for (const { stderr } of await run(file, file)) expect(stderr).toContain('for tests only')
  })

  it('gives the messages of RFC 9529 with its ephemeral keys, and says that these are for tests', async () => {
    const [trace] = rfc9529.traces
    const value = (section: string, name: string, kind = 'raw value'): string =>
      trace?.values.find((v) => v.section === section && v.name === name && v.kind === kind)?.hex ?? ''
    const file = write({
      method: 0,
      suite: 0,
      cred_type: 'x5t',
      msg4: 1,
      c_i: value('message_1', 'C_I'),
      c_r: value('message_2', 'C_R'),
      x: value('message_1', 'X'),
      y: value('message_2', 'Y'),
      sk_i: value('message_3', 'SK_I'),
      pk_i: value('message_3', 'PK_I'),
      sk_r: value('message_2', 'SK_R'),
      pk_r: value('message_2', 'PK_R'),
      id_cred_i: value('message_3', 'ID_CRED_I', 'cbor data item'),
      cred_i: value('message_3', 'CRED_I', 'cbor data item'),
      id_cred_r: value('message_2', 'ID_CRED_R', 'cbor data item'),
      cred_r: value('message_2', 'CRED_R', 'cbor data item'),
    })
    const outputs = await run(file, file)
    expectSession(outputs, [])
    for (const number of [1, 2, 3, 4]) {
      const hex = value(`message_${number}`, `message_${number}`, 'cbor sequence')
      expect(outputs[number % 2 === 1 ? 0 : 1].lines).toContain(`message_${number} ${hex}`)
    }
    for (const output of outputs) expect(output.stderr).toContain('for tests only')
  })

  it('refuses a suite with its own ones, and takes the next choice', async () => {
    const base = read('m3-s2-kid.txt')
    const responder = write({ ...base, suites_r: '2,3' })
    // Suite 6 needs no key of its own in message_1.
    const outputs = await run(write({ ...base, suite: 6, suites_i: '6,2' }), responder)
    expect(outputs.map(({ status }) => status)).toEqual([1, 1])
    expect(outputs[1].lines[0]).toMatch(/^error 02820203 .+/)
    expect(outputs[0].lines[1]).toMatch(/^error - .*wrong-suite/)
    const again = await run(write({ ...base, suites_i: '6,2' }), responder)
    expectSession(again, ['exporter 32768 - 32'])
    expect(again[0].lines[0]).toMatch(/^message_1 03820602/)
    // One that the responder supports, though not its choice of the initiator's: [2, 3] selects 3.
    const worse = await run(write({ ...base, suite: 3, suites_i: '2,3' }), responder)
    expect(worse[1].lines[0]).toMatch(/^error 02820203 /)
  })

  it.each([1, 2, 3, 4])('ends with an error line and status 1 where message_%i is changed', async (target) => {
    const file = join(scenarios, 'm0-s6-x5t.txt')
    const outputs = await run(file, file, (line) => {
      if (!line.startsWith(`message_${target} `)) return line
      const last = Number.parseInt(line.slice(-2), 16) ^ 1
      return line.slice(0, -2) + last.toString(16).padStart(2, '0')
    })
    expect(outputs[0].status).toBe(1)
    const noticing = outputs.find(({ lines }) => /^error [0-9a-f]/.test(lines[lines.length - 1] ?? ''))
    expect(noticing?.lines[noticing.lines.length - 1]).toMatch(/^error 01[0-9a-f]+ EDHOC: .+/)
    for (const { lines, status } of outputs) expect(lines.includes('done')).toBe(status === 0)
  })

  it.each([
    ['a line that is not due', 'message_3 40'],
    ['no hexadecimal digits', 'message_2 xyz'],
    ['an error without message', 'error - broken'],
  ])('ends with status 1 at %s', async (_, line) => {
    const file = join(scenarios, 'm0-s6-x5t.txt')
    const [initiator] = await run(file, file, (sent) =>
      sent.startsWith('message_2') ? line : sent.startsWith('error') ? undefined : sent,
    )
    expect(initiator.status).toBe(1)
    expect(initiator.lines[initiator.lines.length - 1]).toMatch(/^error - .+/)
  })

  it('answers an empty message with an error message, as any other that is malformed', async () => {
    const file = join(scenarios, 'm0-s6-x5t.txt')
    const [initiator] = await run(file, file, (sent) => (sent.startsWith('message_2') ? 'message_2 ' : sent))
    expect(initiator.status).toBe(1)
    expect(initiator.lines[initiator.lines.length - 1]).toMatch(/^error 01[0-9a-f]+ EDHOC: message_2 is malformed/)
  })

  it.each([
    ['lacks a key', { cred_r: undefined }],
    ['names an unknown suite', { suite: 4 }],
    ['names an unknown method', { method: 9 }],
    ['holds bad hexadecimal', { sk_i: 'xx' }],
    ['holds a bad number', { msg4: 'yes' }],
  ])('ends with status 1 where the scenario %s', async (_, change) => {
    const values = Object.entries({ ...read('m0-s6-x5t.txt'), ...change }).filter(([, value]) => value !== undefined)
    const file = write(Object.fromEntries(values) as Record<string, string>)
    const outputs = await run(file, file, () => undefined)
    for (const { status, lines } of outputs) {
      expect(status).toBe(1)
      expect(lines[lines.length - 1]).toMatch(/^error - .+/)
    }
  })

  it('explains itself, and starts through npm', () => {
    const help = execFileSync(process.execPath, [program, '--help'], { encoding: 'utf8' })
    expect(help).toContain('npm run -s edhoc -- initiator|responder SCENARIO')
    const viaNpm = execFileSync('npm', ['run', '-s', 'edhoc', '--', '--help'], { encoding: 'utf8', cwd: join(program, '../..') })
    expect(viaNpm).toBe(help)
    expect(() => execFileSync(process.execPath, [program], { stdio: 'pipe' })).toThrow(/usage/)
  })
})
