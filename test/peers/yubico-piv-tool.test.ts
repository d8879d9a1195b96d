/** yubico-piv-tool 2.2 against the virtual card, through pcscd: a program of other people's that knows nothing of Tessera. */

import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CardInReader, putCardIntoReader, READER, type Run } from './card-in-reader.ts'

let bench: CardInReader

const tool = (...args: readonly string[]): Promise<Run> => bench.run('yubico-piv-tool', '--reader', READER, ...args)

async function succeeds(run: Promise<Run>): Promise<string> {
  const { code, output } = await run
  expect(output + (code === 0 ? '' : ` (exit code ${code})`)).not.toMatch(/exit code|[Ff]ailed/)
  return output
}

/** The tool's own self-signed certificates fail with OpenSSL 3 whatever the card, so OpenSSL issues one for the card's key. */
async function issueCertificate(publicKey: string, certificate: string): Promise<void> {
  await succeeds(bench.run('openssl', 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', 'ca.pem'))
  await succeeds(
    bench.run(
      ...(['openssl', 'x509', '-new', '-subj', '/CN=Virtual card', '-days', '30', '-key', 'ca.pem'] as const),
      ...(['-force_pubkey', publicKey, '-out', certificate] as const),
    ),
  )
}

describe.each([
  ['ECCP256', 'SHA256', '-sha256'],
  ['ECCP384', 'SHA384', '-sha384'],
])('yubico-piv-tool with %s', (algorithm, hash, opensslHash) => {
  beforeAll(async () => {
    bench = await putCardIntoReader({ serial: 2_000_000_123 })
  })
  afterAll(() => bench.close())

  it('reads version and status', async () => {
    expect(await succeeds(tool('-a', 'version'))).toContain('5.4.3')
    const status = await succeeds(tool('-a', 'status'))
    expect(status).toMatch(/Serial Number:\s+2000000123/)
    expect(status).toMatch(/PIN tries left:\s+3/)
  })

  it('writes CHUID and CCC', async () => {
    await succeeds(tool('-a', 'set-chuid', '-a', 'set-ccc'))
    expect(await succeeds(tool('-a', 'status'))).toMatch(/CHUID:\s+3019d4e739da/)
  })

  it.each(['9a', '9c', '9d', '9e'])('generates a key in %s, imports its certificate and reads it back', async (slot) => {
    await succeeds(tool('-a', 'generate', '-s', slot, '-A', algorithm, '-o', `${slot}.pub`))
    await issueCertificate(`${slot}.pub`, `${slot}.pem`)
    await succeeds(tool('-a', 'import-certificate', '-s', slot, '-i', `${slot}.pem`))
    await succeeds(tool('-a', 'read-certificate', '-s', slot, '-o', `${slot}.back`))
    const fingerprint = (file: string) => succeeds(bench.run('openssl', 'x509', '-noout', '-fingerprint', '-in', file))
    expect(await fingerprint(`${slot}.back`)).toBe(await fingerprint(`${slot}.pem`))
  })

  it.each(['9a', '9c', '9d', '9e'])('finds that the key in %s signs', async (slot) => {
    const pin = slot === '9e' ? [] : ['-a', 'verify-pin', '-P', '123456']
    const output = await succeeds(tool(...pin, '-a', 'test-signature', '-s', slot, '-i', `${slot}.pem`))
    expect(output).toContain('Successful ECDSA verification.')
  })

  it('finds that the key in 9d agrees on a secret', async () => {
    const output = await succeeds(tool('-a', 'verify-pin', '-P', '123456', '-a', 'test-decipher', '-s', '9d', '-i', '9d.pem'))
    expect(output).toContain('Successfully performed ECDH exchange with card')
  })

  it('signs a file so that OpenSSL verifies it, and not another file', async () => {
    writeFileSync(join(bench.folder, 'data'), 'signed by a card')
    writeFileSync(join(bench.folder, 'other'), 'signed by nobody')
    const sign = ['--sign', '-s', '9a', '-A', algorithm, '-H', hash, '-i', 'data', '-o', 'signature']
    await succeeds(tool('-a', 'verify-pin', '-P', '123456', ...sign))
    const verify = (file: string) =>
      bench.run('openssl', 'dgst', opensslHash, '-verify', '9a.pub', '-signature', 'signature', file)
    expect((await verify('data')).output).toContain('Verified OK')
    expect((await verify('other')).code).not.toBe(0)
  })

  it('does not sign without the PIN', async () => {
    expect((await tool('-a', 'test-signature', '-s', '9a', '-i', '9a.pem')).code).not.toBe(0)
  })

  it('imports a key, which then signs', async () => {
    const curve = algorithm === 'ECCP256' ? 'P-256' : 'P-384'
    const genpkey = ['genpkey', '-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${curve}`, '-out', 'own.pem']
    await succeeds(bench.run('openssl', ...genpkey))
    await succeeds(bench.run('openssl', 'req', '-x509', '-new', '-key', 'own.pem', '-subj', '/CN=Own', '-out', 'own.crt'))
    await succeeds(tool('-a', 'import-key', '-s', '82', '-i', 'own.pem'))
    const output = await succeeds(tool('-a', 'verify-pin', '-P', '123456', '-a', 'test-signature', '-s', '82', '-i', 'own.crt'))
    expect(output).toContain('Successful ECDSA verification.')
  })

  it('is refused an RSA key', async () => {
    expect((await tool('-a', 'generate', '-s', '9a', '-A', 'RSA2048')).code).not.toBe(0)
    expect(await succeeds(tool('-a', 'read-certificate', '-s', '9a'))).toContain('BEGIN CERTIFICATE')
  })

  it('changes the PIN, and says how many tries a wrong one leaves', async () => {
    await succeeds(tool('-a', 'change-pin', '-P', '123456', '-N', '75318642'))
    const wrong = await tool('-a', 'verify-pin', '-P', '123456')
    expect([wrong.code !== 0, wrong.output]).toEqual([true, expect.stringContaining('2 tries left')])
    await succeeds(tool('-a', 'verify-pin', '-P', '75318642'))
    expect(await succeeds(tool('-a', 'status'))).toMatch(/PIN tries left:\s+3/)
  })

  it('unblocks a blocked PIN with a changed PUK', async () => {
    await succeeds(tool('-a', 'change-puk', '-P', '12345678', '-N', '86427531'))
    for (let i = 0; i < 3; i += 1) expect((await tool('-a', 'verify-pin', '-P', '000000')).code).not.toBe(0)
    expect(await succeeds(tool('-a', 'status'))).toMatch(/PIN tries left:\s+0/)
    expect((await tool('-a', 'verify-pin', '-P', '75318642')).output).toMatch(/blocked|locked/)
    await succeeds(tool('-a', 'unblock-pin', '-P', '86427531', '-N', '246813'))
    await succeeds(tool('-a', 'verify-pin', '-P', '246813'))
  })

  it('replaces the management key, without which nothing is written', async () => {
    const key = randomBytes(24).toString('hex')
    await succeeds(tool('-a', 'set-mgm-key', '-n', key))
    expect((await tool('-a', 'set-chuid')).code).not.toBe(0)
    await succeeds(tool('-a', 'set-chuid', `--key=${key}`))
  })

  it('resets the card once PIN and PUK are blocked', async () => {
    expect((await tool('-a', 'reset')).code).not.toBe(0)
    for (let i = 0; i < 3; i += 1) {
      await tool('-a', 'verify-pin', '-P', '000000')
      await tool('-a', 'unblock-pin', '-P', '00000000', '-N', '111111')
    }
    await succeeds(tool('-a', 'reset'))
    expect((await tool('-a', 'read-certificate', '-s', '9a')).code).not.toBe(0)
    await succeeds(tool('-a', 'verify-pin', '-P', '123456'))
  })
})
