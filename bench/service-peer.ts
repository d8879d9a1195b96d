/** A service node as a process of its own for the figures: service-peer.ts BROKER DATA INVITATION. Answers with what it was asked. */
import { join } from 'node:path'
import * as v from 'valibot'
import { createService, operation } from '../service/index.ts'

const [url = '', folder = '', invitation = ''] = process.argv.slice(2)
const bytes = v.custom<Uint8Array>((value) => value instanceof Uint8Array)
const service = await createService({
  broker: { url },
  identityFile: join(folder, 'identity.json'),
  invitation,
  operations: { echo: operation({ scope: 'echo', request: bytes, answer: bytes, handle: (body) => body }) },
})
process.stdout.write('ready\n')
process.once('SIGTERM', () => void service.close().then(() => process.exit(0)))
