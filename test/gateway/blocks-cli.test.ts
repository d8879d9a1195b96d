import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { commitBlock } from '../../gateway/blocks/commit.ts'
import { openRegistry } from '../../gateway/main.ts'
import { toHex } from '../../protocol/bytes.ts'
import type { LoginResult } from '../../protocol/messages/operations.ts'
import { GatewayClient, SoftwareCard } from '../support/gateway-client.ts'
import { GatewayProcess, gatewayCommand } from '../support/gateway-process.ts'
import { NoticesClient } from '../support/notices-client.ts'

const folder = mkdtempSync(join(tmpdir(), 'tessera-blocks-cli-'))
const directory = join(folder, 'gateway')
const data = ['--data', directory]
let gateway: GatewayProcess
let client: GatewayClient
let notices: NoticesClient
let operator: LoginResult
const card = new SoftwareCard()
const supervisor = new SoftwareCard()
const guid = () => toHex(card.guid as Uint8Array)
beforeAll(async () => {
  gateway = await GatewayProcess.start(...data, '--desk', '--site', 'Front desk')
  client = await GatewayClient.connect(gateway.ready.brokerUrl)
  await client.enrol(gateway.ready.invitation ?? '')
  await client.open()
  await client.register(supervisor, { person: { givenName: 'Ada', familyName: 'First', reference: 'op-1' } })
  operator = await client.login(supervisor, 'operator')
  const person = { givenName: 'Pat', familyName: 'Doe', reference: 'P-1' }
  await client.register(card, { person, session: operator.session })
  notices = await NoticesClient.listen(client)
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

describe('beside a running gateway', () => {
  test('block tells the terminal with the session at once, and the card is refused', async () => {
    const { session } = await client.login(card)
    expect(await json('block', guid())).toEqual({ outcome: 'blocked', announced: 'yes', terminals: [client.terminal] })
    const { notice } = await notices.notice(card.guid as Uint8Array)
    expect(notice).toMatchObject({ kind: 'block', cause: 'administrator', blockPin: true })
    await expect(client.login(card)).rejects.toMatchObject({ code: 'card-blocked' })
    await expect(client.request('session.end', { session, reason: 'card-removed' })).resolves.toEqual({})
    await notices.until(() => notices.versions.length > 0)
  })

  test('blocks lists it, for people and as JSON', async () => {
    expect(await json('blocks')).toEqual([{ guid: guid(), standing: 'blocked', at: expect.any(Number), cause: 'administrator' }])
    const { output } = await gatewayCommand('blocks', ...data)
    expect(output).toMatch(/^GUID +SINCE +BY +STATE\n/)
    expect(output).toContain(guid())
  })

  test('unblock lifts it, once, and says what it does not do', async () => {
    const { output, status } = await gatewayCommand('unblock', guid(), ...data)
    expect(status).toBe(0)
    expect(output).toContain('a PIN that is blocked on the card stays so')
    await client.login(card)
    expect(await json('unblock', guid())).toEqual({ outcome: 'unchanged' })
    expect(await json('blocks')).toEqual([])
    const { entries } = await client.request('blocks.fetch', { since: 0 })
    expect(entries.map(({ blocked }) => blocked)).toEqual([true, false])
  })

  test('block --keep-pin leaves the PIN on the card', async () => {
    notices.notices.length = 0
    await client.login(card)
    await json('block', guid(), '--keep-pin')
    expect((await notices.notice(card.guid as Uint8Array)).notice).toMatchObject({ blockPin: false })
    await json('unblock', guid())
  })

  test('a policy that leaves the PIN alone holds for the command line too', async () => {
    notices.notices.length = 0
    await client.login(card)
    writeFileSync(join(directory, 'policy.json'), '{"blockPinOnCard":false}')
    await json('block', guid())
    expect((await notices.notice(card.guid as Uint8Array)).notice).toMatchObject({ blockPin: false })
    rmSync(join(directory, 'policy.json'))
    await json('unblock', guid())
  })

  test('locate finds card and reader, and says so where it never saw them', async () => {
    const never = await gatewayCommand('locate', 'card', guid(), ...data, '--json')
    expect(never).toMatchObject({ status: 1, output: expect.stringContaining('"places":[]') })
    await notices.holds(card.guid)
    await expect.poll(async () => (await gatewayCommand('locate', 'card', guid(), ...data)).status, { timeout: 60_000 }).toBe(0)
    const place = { site: 'Front desk', reader: 'Reader 1', terminal: client.terminal, online: true, present: true, card: guid() }
    expect(await json('locate', 'card', guid())).toEqual({ places: [expect.objectContaining(place)], more: false })
    expect(await json('locate', 'reader', 'Reader 1')).toEqual({ places: [expect.objectContaining(place)], more: false })
    const { output } = await gatewayCommand('locate', 'reader', 'Reader 1', ...data)
    expect(output).toMatch(/^SITE +READER +STATE +SINCE +SEEN +TERMINAL\nFront desk +Reader 1 +card/)
  })

  test('a card by presence alone is told too', async () => {
    notices.notices.length = 0
    expect(await json('block', guid())).toMatchObject({ announced: 'yes', terminals: [client.terminal] })
    await notices.notice(card.guid as Uint8Array)
    await json('unblock', guid())
  })

  test('the run file is for its user only, and tells no secret', () => {
    const [name] = readdirSync(join(directory, 'run'))
    const path = join(directory, 'run', name ?? '')
    expect(statSync(path).mode & 0o077).toBe(0)
    expect(Object.keys(JSON.parse(readFileSync(path, 'utf8')) as object).sort()).toEqual(['brokerUrl', 'pid', 'worker'])
  })
})

describe('refused with status 1 or 2', () => {
  test('a card that no login accepts anyway: half registered, or withdrawn', async () => {
    const half = new SoftwareCard()
    const person = { givenName: 'Kim', familyName: 'Half', reference: 'P-2' }
    await client.register(half, { person, session: operator.session, until: 'certify' })
    const pending = toHex(half.guid as Uint8Array)
    expect(await gatewayCommand('block', pending, ...data, '--json')).toMatchObject({
      status: 1,
      output: expect.stringContaining('not-active'),
    })
    expect((await gatewayCommand('block', pending, ...data)).output).toContain('the card is pending')
    const gone = new SoftwareCard()
    await client.register(gone, { person: { ...person, reference: 'P-3' }, session: operator.session })
    await json('cards', 'withdraw', toHex(gone.guid as Uint8Array))
    expect((await gatewayCommand('block', toHex(gone.guid as Uint8Array), ...data)).status).toBe(1)
    expect(await json('blocks')).toEqual([])
  })

  test('a reader that was never seen', async () => {
    expect(await gatewayCommand('locate', 'reader', 'No such reader', ...data, '--json')).toMatchObject({
      status: 1,
      output: expect.stringContaining('"places":[]'),
    })
  })

  test('a card that is not there, and words that are none', async () => {
    const unknown = '00'.repeat(16)
    expect(await gatewayCommand('block', unknown, ...data, '--json')).toMatchObject({
      status: 1,
      output: expect.stringContaining('unknown-card'),
    })
    expect(await gatewayCommand('unblock', unknown, ...data, '--json')).toMatchObject({ status: 1 })
    for (const words of [['block'], ['block', 'x'], ['block', unknown, 'y'], ['locate', 'moon', 'x'], ['locate', 'card', 'x']]) {
      expect(await gatewayCommand(...words, ...data), words.join(' ')).toMatchObject({ status: 2 })
    }
  })
})

describe('says', () => {
  test('what each command does, with its options', async () => {
    for (const command of ['block', 'unblock', 'blocks', 'locate', 'findings', 'policy']) {
      const { status, output } = await gatewayCommand(command, '--help')
      expect([status, output]).toEqual([0, expect.stringContaining(`npm run gateway -- ${command}`)])
    }
  })

  test('by which finding a card is blocked, and that an unblocking is under way', async () => {
    const { registry } = openRegistry(directory)
    try {
      const cardGuid = card.guid as Uint8Array
      const notice = registry.crypto.randomBytes(16)
      await commitBlock(registry, { notice, guid: cardGuid, at: registry.now(), cause: 'finding', finding: 'clone' })
      expect(await json('blocks')).toMatchObject([{ guid: guid(), standing: 'blocked', cause: 'finding', finding: 'clone' }])
      const approval = await client.login(supervisor, 'approval')
      await client.request('unblock.begin', { approval: approval.session, guid: cardGuid })
      expect((await gatewayCommand('blocks', ...data)).output).toMatch(new RegExp(`${guid()} .*clone +unblocking`))
    } finally {
      await registry.store.close()
    }
    // With dashes, as people copy it.
    const dashed = guid().replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
    expect(await json('unblock', dashed)).toEqual({ outcome: 'done' })
  })
})

describe('with no gateway running', () => {
  test('a block is committed, and honoured and told once one runs', async () => {
    await gateway.end('SIGKILL')
    expect(await json('block', guid())).toEqual({ outcome: 'blocked', announced: 'no-gateway', terminals: [] })
    gateway = await GatewayProcess.start(...data, '--port', '0')
    const again = await GatewayClient.connect(gateway.ready.brokerUrl, client.identity)
    try {
      const { blockListVersion } = await again.open()
      const { entries } = await again.request('blocks.fetch', { since: blockListVersion - 1 })
      expect(entries).toMatchObject([{ guid: card.guid, blocked: true }])
      await expect(again.login(card)).rejects.toMatchObject({ code: 'card-blocked' })
    } finally {
      await again.close()
    }
  })
})
