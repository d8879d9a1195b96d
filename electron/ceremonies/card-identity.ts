/** The number of a card, its CHUID GUID: known before any PIN, and proof of nothing. */
import type { Readers } from '../../native/reader.ts'
import type { PivCard } from '../../protocol/piv/card.ts'
import { OBJECT } from '../../protocol/piv/constants.ts'
import { PivError, unless } from '../../protocol/piv/errors.ts'
import { parseChuid } from '../../protocol/piv/objects.ts'
import { TlvError } from '../../protocol/tlv.ts'
import { type Insertion, withCard } from './card-access.ts'
import type { Desk } from './desk.ts'
import { CeremonyFailed } from './guide.ts'

/** Undefined where the card has no CHUID, or one that cannot be read. */
export async function readGuid(card: PivCard): Promise<Uint8Array | undefined> {
  const value = await unless(card.getData(OBJECT.chuid), 'not-found')
  if (value === undefined) return undefined
  try {
    return parseChuid(value).guid
  } catch (error) {
    if (error instanceof TlvError || error instanceof PivError) return undefined
    throw error
  }
}

/** The number of the card that is in, outside of a ceremony; undefined where it tells none. Rejects as a ceremony does. */
export function numberOf(readers: Readers, insertion: Insertion): Promise<Uint8Array | undefined> {
  return withCard(readers, insertion, async ({ piv }) => {
    await piv.select()
    return readGuid(piv)
  })
}

/** While the list is being fetched a ceremony waits for it, and no longer than a person does. */
const LIST_MS = 1500

/** Rejects with 'card-blocked' where this terminal has been told so, with a gateway or without. */
export async function expectNotBlocked({ blocks }: Desk, guid: Uint8Array | undefined): Promise<void> {
  if (guid === undefined) return
  if (!blocks.isBlocked(guid)) await blocks.current(LIST_MS)
  if (blocks.isBlocked(guid)) throw new CeremonyFailed({ code: 'card-blocked' })
}
