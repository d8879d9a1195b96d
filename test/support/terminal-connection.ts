/** A terminal's own connection to its gateway, as the program makes it, with one simulated reader; it keeps its files in `folder`. */
import { join } from 'node:path'
import { createGatewayConnection, type GatewayConnection } from '../../electron/gateway-connection.ts'
import { createSeenCards } from '../../electron/presence/seen-cards.ts'
import { createIdentityStore } from '../../electron/session/identity.ts'
import { createNoticeKeyStore } from '../../electron/session/notice-keys.ts'
import { nodeCrypto } from '../../native/crypto.ts'
import { createSimulatedReaders } from '../../native/virtual-card/simulated-readers.ts'

export function connectTerminal(
  folder: string,
  brokerUrl: string,
  onBlockListVersion: (version: number) => void = () => undefined,
): GatewayConnection {
  const readers = createSimulatedReaders({ names: ['Reader 1'] })
  return createGatewayConnection({
    store: createIdentityStore({ path: join(folder, 'identity.json') }),
    crypto: nodeCrypto,
    brokerUrl,
    tls: undefined,
    software: 'test',
    log: { error: () => undefined, info: () => undefined, debug: () => undefined },
    noticeKeys: createNoticeKeyStore({ path: join(folder, 'notice-keys.json') }),
    readers,
    cards: createSeenCards(readers),
    onView: () => undefined,
    onGreeted: () => undefined,
    onNotice: () => undefined,
    onBlockListVersion,
  })
}
