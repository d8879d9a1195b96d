/** The gateway's tokens verify with an independent library, python-cwt; what is changed or over does not. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeCrypto as crypto } from '../../native/crypto.ts'
import { fromHex, toHex, utf8 } from '../../protocol/bytes.ts'
import { computeX5t } from '../../protocol/cose/headers.ts'
import { decodeCwt } from '../../protocol/cwt.ts'
import { gatewayUri, nodeUri } from '../../protocol/messages/service.ts'
import { operation } from '../../service/operations.ts'
import { TestGateway } from '../support/gateway.ts'
import { pythonWith } from '../support/python.ts'
import { TestService } from '../support/service.ts'

let gateway: TestGateway
let python: string
beforeAll(async () => {
  python = pythonWith('cwt', '3.3.0')
  gateway = await TestGateway.start()
}, 600_000)
afterAll(() => gateway.close())

/** What python-cwt says of each. */
function judge(tokens: readonly Uint8Array[], publicKey: Uint8Array, kid: Uint8Array): Record<string, unknown>[] {
  const [x, y] = [toHex(publicKey.slice(0, 32)), toHex(publicKey.slice(32))]
  const input = tokens.map((token) => JSON.stringify({ token: toHex(token), kid: toHex(kid), x, y })).join('\n')
  const output = execFileSync(python, [join(import.meta.dirname, 'cwt_peer.py')], { input, encoding: 'utf8' })
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

describe('a token that the gateway issued', () => {
  it('verifies with python-cwt and says there what it says here', async () => {
    const { client, operator } = await gateway.desk()
    const nothing = v.strictObject({})
    const operations = { read: operation({ scope: 'read', request: nothing, answer: nothing, handle: () => ({}) }) }
    const service = await TestService.start(gateway, {
      name: 'records',
      scopes: [{ scope: 'read' }, { scope: 'note' }],
      operations,
    })
    try {
      const key = crypto.generateKeyPair('P-256')
      const issued = await client.request('token.request', { session: operator.session, service: 'records', key: key.publicKey })
      const { authority } = gateway.gateway.registry
      const gatewayKey = authority.identity('ES256').key.publicKey
      const kid = computeX5t(crypto, authority.identity('ES256').certificate)[1]
      const [said] = judge([issued.token], gatewayKey, kid)
      const { claims } = decodeCwt(issued.token)
      expect(said).toEqual({
        1: gatewayUri(toHex(authority.rootFingerprint)),
        2: claims.subject,
        3: nodeUri(service.service.node),
        4: (claims.expiresAt as number) / 1000,
        5: (claims.notBefore as number) / 1000,
        6: (claims.issuedAt as number) / 1000,
        7: toHex(claims.id as Uint8Array),
        8: {
          1: {
            1: 2,
            2: client.terminal,
            '-1': 1,
            '-2': toHex(key.publicKey.slice(0, 32)),
            '-3': toHex(key.publicKey.slice(32)),
          },
        },
        9: 'read note',
      })
      expect(issued.lifetimeMs).toBeLessThanOrEqual(300_000)

      const changed = issued.token.slice()
      changed[changed.length - 1] = (changed[changed.length - 1] as number) ^ 1
      const [forged] = judge([changed], gatewayKey, kid)
      const [foreign] = judge([issued.token], key.publicKey, kid)
      expect(forged?.error).toContain('VerifyError')
      expect(foreign?.error).toContain('VerifyError')
    } finally {
      await service.close()
    }
  })

  it('is refused there, as here, once it is over', () => {
    // RFC 8392 appendix A.3, which was over in 2015.
    const { key, untagged } = JSON.parse(readFileSync(join(import.meta.dirname, '../vectors/rfc8392.json'), 'utf8'))
    const publicKey = fromHex(key.x + key.y)
    const token = fromHex(untagged)
    const { claims } = decodeCwt(token)
    expect(claims.expiresAt).toBeLessThan(Date.now())
    expect(judge([token], publicKey, utf8('AsymmetricECDSA256'))[0]?.error).toContain('expired')
  })
})
