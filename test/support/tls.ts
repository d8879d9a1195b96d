/** A certificate authority, a server certificate for localhost and a client certificate, made anew for each test run. */
import { createPrivateKey } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { issueCertificate, type Signer } from '../../gateway/authority/x509.ts'
import { nodeCrypto } from '../../native/crypto.ts'
import { concat, fromHex } from '../../protocol/bytes.ts'

export interface TlsFiles {
  readonly ca: string
  readonly caFile: string
  readonly serverCertificateFile: string
  readonly serverKeyFile: string
  readonly clientCertificate: string
  readonly clientCertificateFile: string
  readonly clientKey: string
  readonly clientKeyFile: string
}

function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

function newKey(): Signer {
  return { algorithm: 'ES256', ...nodeCrypto.generateKeyPair('P-256') }
}

/** PKCS #8 (RFC 5958) of a P-256 key, as PEM. */
function keyPem(key: Signer): string {
  const der = concat(fromHex('3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420'), key.privateKey)
  return createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' }).export({
    format: 'pem',
    type: 'pkcs8',
  }) as string
}

export async function makeTlsFiles(folder: string): Promise<TlsFiles> {
  const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 24 * 60 * 60_000 }
  const root = newKey()
  const issuer = { subject: { CN: 'test authority' }, key: root }
  const issue = (name: string, key: Signer): string =>
    pem(
      'CERTIFICATE',
      issueCertificate({
        crypto: nodeCrypto,
        issuer,
        subject: { CN: name },
        key,
        ...validity,
        use: { kind: 'endpoint', dnsName: name },
      }),
    )
  const ca = pem(
    'CERTIFICATE',
    issueCertificate({ crypto: nodeCrypto, issuer, subject: issuer.subject, key: root, ...validity, use: { kind: 'authority' } }),
  )
  const server = newKey()
  const client = newKey()
  const clientCertificate = issue('terminal', client)
  const write = async (name: string, text: string): Promise<string> => {
    const path = join(folder, name)
    await writeFile(path, text, { mode: 0o600 })
    return path
  }
  return {
    ca,
    caFile: await write('ca.pem', ca),
    serverCertificateFile: await write('server.pem', issue('localhost', server)),
    serverKeyFile: await write('server-key.pem', keyPem(server)),
    clientCertificate,
    clientCertificateFile: await write('client.pem', clientCertificate),
    clientKey: keyPem(client),
    clientKeyFile: await write('client-key.pem', keyPem(client)),
  }
}
