/** What a look at the broker's certificate finds, against TLS servers of the test's own. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createPlainServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, type Server } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lookAtCertificate } from '../../native/broker/certificate.ts'
import { freePort } from '../support/mosquitto.ts'
import { makeTlsFiles, type TlsFiles } from '../support/tls.ts'

let folder: string
let tls: TlsFiles
let server: Server
let port: number

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-certificate-'))
  tls = await makeTlsFiles(folder)
  server = createServer({ cert: readFileSync(tls.serverCertificateFile), key: readFileSync(tls.serverKeyFile) })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as { port: number }).port
})
afterAll(() => {
  server.close()
  rmSync(folder, { recursive: true, force: true })
})

const look = (url: string, ca?: string) => lookAtCertificate(url, ca === undefined ? undefined : { ca }, 20_000)

test('one that is trusted, and how long it is valid', async () => {
  const seen = await look(`mqtts://localhost:${port}`, tls.ca)
  if (seen.kind !== 'seen') throw new Error(seen.kind)
  expect(seen.refusedFor).toBeUndefined()
  // The test's certificates live for a day.
  expect(Math.abs(seen.validUntil - Date.now() - 86_400_000)).toBeLessThan(60_000)
})

test('one of an authority that nobody here trusts, and one with another name: seen, with the reason', async () => {
  const unknown = await look(`mqtts://localhost:${port}`)
  expect(unknown).toMatchObject({ kind: 'seen', refusedFor: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })
  const named = await look(`mqtts://127.0.0.1:${port}`, tls.ca)
  expect(named).toMatchObject({ kind: 'seen', refusedFor: 'ERR_TLS_CERT_ALTNAME_INVALID' })
})

test('none where the broker is on this machine without TLS, and none to see where nobody answers', async () => {
  expect(await look('mqtt://127.0.0.1:1883')).toEqual({ kind: 'none' })
  expect(await look(`mqtts://127.0.0.1:${await freePort()}`)).toEqual({ kind: 'unreachable', code: 'ECONNREFUSED' })
})

test('a server that never speaks is given up after the time', async () => {
  const silent = createPlainServer()
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port: at } = silent.address() as { port: number }
  expect(await lookAtCertificate(`mqtts://127.0.0.1:${at}`, undefined, 100)).toEqual({ kind: 'unreachable', code: 'ETIMEDOUT' })
  silent.close()
})
