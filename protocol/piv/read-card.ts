/** What a card says of itself before any PIN: enough to tell a blank card, somebody else's, and one of ours. */

import type { BlockCipher } from '../crypto.ts'
import { TlvError } from '../tlv.ts'
import type { PivCard } from './card.ts'
import { OBJECT, SLOT } from './constants.ts'
import { PivError, unless } from './errors.ts'
import { parseCertificateObject, parseChuid } from './objects.ts'

export interface ReferenceSummary {
  /** Undefined where the card does not tell (a PUK without metadata, a PIN that is verified). */
  readonly retriesLeft: number | undefined
  /** These two are known from metadata only. */
  readonly retriesTotal: number | undefined
  readonly isDefault: boolean | undefined
}

export type CertificateSummary =
  | { readonly kind: 'absent' }
  | { readonly kind: 'present'; readonly der: Uint8Array }
  /** There is an object, and it is packed or damaged: somebody else's. */
  | { readonly kind: 'unreadable' }

export interface CardSummary {
  /** What the application calls itself; a simulated card says so here. */
  readonly label: string | undefined
  /** Of the applet and of the token, where the card knows the extension. */
  readonly applicationVersion: string | undefined
  readonly serial: number | undefined
  /** From the CHUID; undefined where there is none that can be read. */
  readonly guid: Uint8Array | undefined
  /** Of the PIV Authentication key, 9A. */
  readonly certificate: CertificateSummary
  /** Undefined where the card has no metadata; PivCard.managementKeyAlgorithm finds it then. */
  readonly managementKeyAlgorithm: BlockCipher | undefined
  readonly managementKeyIsDefault: boolean | undefined
  readonly pin: ReferenceSummary
  readonly puk: ReferenceSummary
  /** Undefined where the card has no metadata. */
  readonly hasKey9A: boolean | undefined
  /** x || y of 9A, where metadata gives it. */
  readonly publicKey9A: Uint8Array | undefined
}

/** Selects PIV and reads; changes nothing and costs no try. Rejects with a PivError or with what the channel rejects with. */
export async function readCard(card: PivCard): Promise<CardSummary> {
  const { label } = await card.select()
  const applicationVersion = await ofExtension(card.getVersion())
  const serial = await ofExtension(card.getSerial())
  const pinMetadata = await ofExtension(card.getReferenceMetadata('pin'))
  const pukMetadata = pinMetadata && (await ofExtension(card.getReferenceMetadata('puk')))
  const managementKey = pinMetadata && (await ofExtension(card.getManagementKeyMetadata()))
  return {
    label,
    applicationVersion,
    serial,
    guid: await readGuid(card),
    certificate: await readCertificate(card),
    managementKeyAlgorithm: managementKey?.algorithm,
    managementKeyIsDefault: managementKey?.isDefault,
    pin: pinMetadata ?? { retriesLeft: await card.retriesLeft(), retriesTotal: undefined, isDefault: undefined },
    puk: pukMetadata ?? { retriesLeft: undefined, retriesTotal: undefined, isDefault: undefined },
    ...(pinMetadata === undefined ? { hasKey9A: undefined, publicKey9A: undefined } : await readKey9A(card)),
  }
}

async function readKey9A(card: PivCard): Promise<Pick<CardSummary, 'hasKey9A' | 'publicKey9A'>> {
  const key = await unless(card.getKeyMetadata(SLOT.authentication), 'not-found')
  return { hasKey9A: key !== undefined, publicKey9A: key?.publicKey }
}

async function readGuid(card: PivCard): Promise<Uint8Array | undefined> {
  const value = await unless(card.getData(OBJECT.chuid), 'not-found')
  if (value === undefined) return undefined
  return readable(() => parseChuid(value).guid)
}

async function readCertificate(card: PivCard): Promise<CertificateSummary> {
  const value = await unless(card.getData(OBJECT.authenticationCertificate), 'not-found')
  if (value === undefined) return { kind: 'absent' }
  const der = readable(() => parseCertificateObject(value))
  return der === undefined ? { kind: 'unreadable' } : { kind: 'present', der }
}

/** Undefined where the object is not what it should be: a card that others issued is described, not refused. */
function readable<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch (error) {
    if (error instanceof TlvError || error instanceof PivError) return undefined
    throw error
  }
}

/** Cards refuse what they do not know with various status words. */
function ofExtension<T>(promise: Promise<T>): Promise<T | undefined> {
  return unless(promise, 'not-supported', 'not-found', 'conditions-not-satisfied', 'unexpected-status')
}
