/** The peer over TLS 1.3 for the figures: https-peer.ts CERTIFICATE KEY. Answers each POST with the bytes that came. Prints its port. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'

const [certificate = '', key = ''] = process.argv.slice(2)
const options = { cert: readFileSync(certificate), key: readFileSync(key), minVersion: 'TLSv1.3' as const, noDelay: true }
const server = createServer(options, (request, response) => {
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('end', () => response.end(Buffer.concat(parts)))
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`))
process.once('SIGTERM', () => process.exit(0))
