import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toHex } from '../../protocol/bytes.ts'
import { parseInvitation } from '../../protocol/messages/enrolment.ts'
import { GatewayClient, SoftwareCard } from '../support/gateway-client.ts'
import { GatewayProcess, gatewayCommand } from '../support/gateway-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'tessera-cli-'))
const data = ['--data', join(folder, 'gateway')]
let gateway: GatewayProcess
let client: GatewayClient
const card = new SoftwareCard()
beforeAll(async () => {
  gateway = await GatewayProcess.start(...data, '--desk', '--site', 'Front desk')
  client = await GatewayClient.connect(gateway.ready.brokerUrl)
  await client.enrol(gateway.ready.invitation ?? '')
  await client.open()
  await client.register(card, { person: { givenName: 'Ada', familyName: 'First', reference: 'op-1' } })
})
afterAll(async () => {
  await client.close()
  await gateway.end('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

async function json(...words: string[]): Promise<unknown> {
  const { status, output } = await gatewayCommand(...words, ...data, '--json')
  expect(status, output).toBe(0)
  return JSON.parse(output)
}

describe('while the gateway runs, the command line', () => {
  test('lists holders, cards and terminals, for people and as JSON, without secrets', async () => {
    expect(await json('holders')).toEqual([expect.objectContaining({ reference: 'op-1', role: 'supervisor', state: 'active' })])
    const cards = await json('cards')
    expect(cards).toEqual([expect.objectContaining({ guid: toHex(card.guid as Uint8Array), state: 'active', owner: 'op-1' })])
    expect(JSON.stringify(cards)).not.toMatch(/secret|sealed|presenceKey/i)
    expect(await json('terminals')).toEqual([
      expect.objectContaining({ id: client.terminal, site: 'Front desk', state: 'active' }),
    ])
    const { output } = await gatewayCommand('holders', ...data)
    expect(output).toMatch(/^NUMBER +NAME +ROLE/)
    expect(output).toContain('Ada First')
  })

  test('makes invitations that work at once', async () => {
    const { invitation } = (await json('invite', '--site', 'Ward 7')) as { invitation: string }
    expect(parseInvitation(invitation)).toBeDefined()
    const other = await GatewayClient.connect(gateway.ready.brokerUrl)
    expect((await other.enrol(invitation)).site).toBe('Ward 7')
    await other.open()
    expect(await json('terminals', 'withdraw', other.terminal)).toEqual({ outcome: 'done' })
    await expect(other.request('hello', { software: 'x' })).rejects.toMatchObject({ code: 'terminal-blocked' })
    await other.close()
  })

  test('suspends and restores a holder, and withdraws a card, with effect on the very next login', async () => {
    await client.login(card)
    expect(await json('holders', 'suspend', 'op-1')).toEqual({ outcome: 'done' })
    await expect(client.login(card)).rejects.toMatchObject({ code: 'holder-suspended' })
    expect(await json('holders', 'restore', 'op-1')).toEqual({ outcome: 'done' })
    await client.login(card)
    expect(await json('cards', 'withdraw', toHex(card.guid as Uint8Array))).toEqual({ outcome: 'done' })
    await expect(client.login(card)).rejects.toMatchObject({ code: 'card-withdrawn' })
    expect((await gatewayCommand('cards', 'withdraw', '00', ...data)).status).toBe(1)
  })

  test('checks the audit log', async () => {
    expect(await json('audit', 'verify')).toMatchObject({ intact: true, entries: expect.any(Number) })
  })
})

describe('the command line', () => {
  test('explains each command', async () => {
    for (const command of ['start', 'invite', 'holders', 'cards', 'terminals', 'audit']) {
      const { status, output } = await gatewayCommand(command, '--help')
      expect(status).toBe(0)
      expect(output).toContain(`npm run gateway -- ${command}`)
      expect(output).toContain('--data')
    }
  })

  test('refuses what it does not know, with the help and status 2', async () => {
    for (const words of [
      ['explode'],
      ['holders', 'suspend'],
      ['invite', '--hours', '0'],
      ['start', '--nonsense'],
      ['cards', 'a', 'b', 'c'],
      ['start', '--port', '99999'],
      ['start', '--cert', 'a.pem', '--key', 'b.pem'],
      ['invite', '--site', 'two\nlines'],
    ]) {
      const { status, output } = await gatewayCommand(...words, ...data)
      expect(status, words.join(' ')).toBe(2)
      expect(output).toContain('npm run gateway -- ')
    }
  })

  test('says plainly why it cannot start: port taken, broker without TLS', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as { port: number }
    const other = ['--data', join(folder, 'other')]
    const busy = await gatewayCommand('start', '--port', String(port), ...other)
    expect(busy).toMatchObject({ status: 1, output: expect.stringContaining('EADDRINUSE') })
    const open = await gatewayCommand('start', '--broker', 'mqtt://broker.example', ...other)
    expect(open).toMatchObject({ status: 1, output: expect.stringContaining('mqtts://') })
    await new Promise((resolve) => taken.close(resolve))
  })

  test('has one gateway for each slot of a data folder, however the last one ended', async () => {
    const shared = ['--data', join(folder, 'shared'), '--port', '0']
    const first = await GatewayProcess.start(...shared)
    const again = await gatewayCommand('start', ...shared)
    expect(again).toMatchObject({ status: 1, output: expect.stringMatching(/slot 0 .*--slot N/) })
    const beside = await GatewayProcess.start(...shared, '--slot', '1')
    await first.end('SIGKILL')
    const next = await GatewayProcess.start(...shared)
    expect(await next.end('SIGTERM')).toBe(0)
    expect(await beside.end('SIGTERM')).toBe(0)
  })

  test('makes no gateway out of a slip in --data, and says what is wrong with a store', async () => {
    const nowhere = ['--data', join(folder, 'nowhere')]
    expect(await gatewayCommand('holders', ...nowhere)).toMatchObject({
      status: 1,
      output: expect.stringContaining('There is no gateway in'),
    })
    expect(existsSync(join(folder, 'nowhere'))).toBe(false)
    expect((await gatewayCommand('invite', ...nowhere)).status).toBe(0)
    writeFileSync(join(folder, 'nowhere/store.sqlite'), 'no store')
    expect(await gatewayCommand('holders', ...nowhere)).toMatchObject({
      status: 1,
      output: expect.stringContaining('The store cannot be opened'),
    })
  })

  test('ends in order at SIGTERM, and gives an invitation only while something is missing', async () => {
    const desk = ['--data', join(folder, 'second'), '--desk']
    const first = await GatewayProcess.start(...desk)
    expect(parseInvitation(first.ready.invitation ?? '')).toBeDefined()
    expect(await first.end('SIGTERM')).toBe(0)
  })
})
