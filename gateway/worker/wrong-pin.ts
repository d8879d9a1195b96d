/**
 * A terminal reports a wrong PIN. What it says of a card counts against that card only where the card itself has signed it,
 * within this very login: who knows a card's number, or has a stolen terminal without the card, can get nobody's card blocked.
 */
import { toHex } from '../../protocol/bytes.ts'
import type { RequestBody } from '../../protocol/messages/operations.ts'
import { wrongPinStatement } from '../../protocol/messages/presence-proof.ts'
import type { GatewayEvent } from '../findings/event.ts'
import type { Registry } from '../registry/context.ts'
import { Refused } from '../registry/refused.ts'
import { requireTerminal } from '../registry/terminals.ts'
import type { Device } from './device.ts'

/** Throws Refused. Told again, because the answer was lost, the same try does not count twice. */
export async function wrongPin(
  registry: Registry,
  device: Device,
  { login, guid, retriesLeft, proof }: RequestBody<'pin.wrong'>,
  observe: (event: GatewayEvent) => void,
): Promise<void> {
  const { crypto, store, audit } = registry
  const at = registry.now()
  const pending = device.logins.get(toHex(login))
  if (pending === undefined || pending.expiresAt <= at) throw new Refused('login-failed')
  const { terminal, card } = await store.read(async (reader) => ({
    terminal: await requireTerminal(reader, device.terminal),
    card: await reader.card(guid),
  }))
  if (card === undefined) throw new Refused('unknown-card')
  const name = toHex(guid)
  // A card's counter goes down within a login; what does not is an old report, or the same signature once more.
  if (retriesLeft >= (pending.wrongPins.get(name) ?? Number.POSITIVE_INFINITY)) return
  const proven =
    proof !== undefined &&
    card.presenceKey !== undefined &&
    crypto.verify('ES256', card.presenceKey, wrongPinStatement(login, guid, retriesLeft), proof)
  // Only the card's own word moves the count: an invented 'none left' must not hide the tries that follow.
  if (proven) pending.wrongPins.set(name, retriesLeft)
  observe({ kind: 'wrong-pin', card: name, proven, retriesLeft, at, terminal: terminal.id, site: terminal.site })
  if (!proven) return
  await store.transaction((tx) => audit.append(tx, at, { event: 'wrong-pin', guid, terminal: terminal.id, retriesLeft }))
}
