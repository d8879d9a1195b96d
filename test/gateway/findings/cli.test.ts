import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { encode } from '../../../protocol/cbor.ts'
import { GatewayClient } from '../../support/gateway-client.ts'
import { GatewayProcess, gatewayCommand } from '../../support/gateway-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'tessera-findings-cli-'))
const data = ['--data', join(folder, 'gateway')]
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const file = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

describe('policy', () => {
  test('check accepts what can be used, an empty object too', async () => {
    const { status, output } = await gatewayCommand('policy', 'check', file('empty.json', '{}'), ...data)
    expect(status).toBe(0)
    expect(output).toContain('policy.json')
  })

  test('check names each value that is wrong by its path', async () => {
    const wrong = file('wrong.json', '{"delay":{"response":"explode"},"clone":{"sites":{"X":{"latitude":91,"longitude":0}}}}')
    const { status, output } = await gatewayCommand('policy', 'check', wrong, ...data)
    expect(status).toBe(1)
    expect(output).toContain('delay.response')
    expect(output).toContain('clone.sites.X')
  })

  test.each(['{"replay":', ''])('check says that %j is no JSON', async (content) => {
    const { status, output } = await gatewayCommand('policy', 'check', file('broken.json', content), ...data)
    expect(status).toBe(1)
    expect(output).toContain('broken.json')
    expect(output).not.toContain('    at ')
  })

  test('show prints what is in force', async () => {
    const { status, output } = await gatewayCommand('policy', 'show', ...data, '--json')
    expect(status).toBe(0)
    expect(JSON.parse(output)).toMatchObject({ clone: { response: 'block-card' }, delay: { minimumLogins: 8 } })
  })

  test('that is wrong keeps the gateway from starting, and it says why', async () => {
    const own = join(folder, 'wrong')
    const { status: made } = await gatewayCommand('invite', '--data', own)
    expect(made).toBe(0)
    writeFileSync(join(own, 'policy.json'), '{"flooding":{"cardLogins":{"events":0,"windowMs":1}}}')
    const { status, output } = await gatewayCommand('start', '--port', '0', '--data', own)
    expect(status).toBe(1)
    expect(output).toContain('flooding.cardLogins.events')
  })
})

test('findings are listed, and a terminal in quarantine is restored, while the gateway runs', async () => {
  const own = ['--data', join(folder, 'strict')]
  expect((await gatewayCommand('invite', ...own)).status).toBe(0)
  writeFileSync(join(folder, 'strict', 'policy.json'), '{"injection":{"response":"quarantine-terminal"}}')
  const gateway = await GatewayProcess.start(...own, '--desk', '--port', '0', '--site', 'Front desk')
  const client = await GatewayClient.connect(gateway.ready.brokerUrl)
  try {
    await client.enrol(gateway.ready.invitation ?? '')
    await client.open()
    await client.exchange(5, encode([5, 'hello', { software: 'x', site: 7 }]))
    const json = async (...words: string[]) => JSON.parse((await gatewayCommand(...words, ...own, '--json')).output)
    await expect.poll(async () => (await json('findings')).length, { timeout: 60_000 }).toBe(1)
    expect(await json('findings', '--kind', 'injection')).toMatchObject([
      { kind: 'injection', response: 'quarantine-terminal', terminal: client.terminal, site: 'Front desk' },
    ])
    expect(await json('findings', '--kind', 'replay')).toEqual([])
    expect((await gatewayCommand('findings', ...own)).output).toMatch(/WHEN.*\n.*injection/)
    expect(await json('findings', '--limit', '1')).toHaveLength(1)
    expect((await gatewayCommand('findings', '--limit', '0', ...own)).status).toBe(2)
    expect((await gatewayCommand('findings', '--kind', 'x', ...own)).status).toBe(2)
    await expect(client.open()).rejects.toMatchObject({ code: 'terminal-blocked' })
    expect(await json('terminals')).toMatchObject([{ id: client.terminal, state: 'blocked' }])
    expect(await json('terminals', 'restore', client.terminal)).toEqual({ outcome: 'done' })
    expect(await json('terminals', 'restore', client.terminal)).toEqual({ outcome: 'unchanged' })
    await client.open()
  } finally {
    await client.close()
    await gateway.end('SIGTERM')
  }
})
