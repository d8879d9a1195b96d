/**
 * Unblocking of a card (docs/protocol.md, "Unblocking"), in two parts, because most desks have one reader:
 *
 *   a supervisor approves, with a fresh login of their own card;
 *   then the holder's card: the gateway releases its PUK, the holder chooses a new PIN, PUK and management key are replaced, and a
 *   first login proves that all of it works. Only that lifts the block.
 *
 * Interrupted after the approval, the card stays blocked; another approval goes on where it stopped.
 */
import { equalConstantTime, wipe } from '../../protocol/bytes.ts'
import type { AnswerBody } from '../../protocol/messages/operations.ts'
import { PivError, unless } from '../../protocol/piv/errors.ts'
import { type CardSummary, readCard } from '../../protocol/piv/read-card.ts'
import type { Problem, ProblemCode } from '../contract/problems.ts'
import type { StepId } from '../contract/snapshot.ts'
import { RefusedError } from '../session/link.ts'
import { type HeldCard, type Insertion, withCard } from './card-access.ts'
import { type CardCredential, credentialOf, proveByFirstLogin } from './card-login.ts'
import type { OnlineDesk } from './desk.ts'
import { CeremonyFailed, type Guide } from './guide.ts'
import { login, proveWithPin } from './login.ts'
import { type FreshKeys, proveManagementKey } from './management-key.ts'
import { judgeNewPin } from './pin-rules.ts'
import { failingWell } from './problems.ts'

const STEPS: readonly StepId[] = [
  'approve',
  'insert-blocked',
  'read-card',
  'choose-pin',
  'authenticate-card',
  'set-pin',
  'set-puk',
  'set-management-key',
  'prove',
]

/** On these the card that was put in is not one to approve with; often it is the blocked card itself. */
const NO_APPROVER: readonly ProblemCode[] = ['card-blocked', 'not-an-operator', 'role-missing', 'card-not-registered']

/** The approval: names the supervisor's login to the gateway, which takes it once and for a short time. Rejects as `login` does. */
export async function approve(desk: OnlineDesk, insertion: Insertion): Promise<Uint8Array> {
  let asked = false
  const guide: Guide = {
    ...desk.guide,
    begin: () => desk.guide.begin('unblock', STEPS),
    // The steps are the unblocking's, and the person is the one whose card it is.
    step: () => desk.guide.step('approve'),
    person: () => undefined,
    askPin: (request) => {
      asked = true
      return desk.guide.askPin(request)
    },
    askPad: (request) => {
      asked = true
      return desk.guide.askPad(request)
    },
  }
  try {
    const { result } = await login({ ...desk, guide }, insertion, 'approval')
    return result.session
  } catch (error) {
    if (!(error instanceof CeremonyFailed)) throw error
    const { code } = error.problem
    if (!NO_APPROVER.includes(code) && (asked || code !== 'pin-blocked')) throw error
    throw new CeremonyFailed({ code: 'approver-needed', reader: insertion.reader }, { cause: error })
  }
}

export interface Unblocking {
  /** What `approve` gave. */
  readonly approval: Uint8Array
  /** The card that is meant; undefined where it is whichever is put in. */
  readonly guid?: Uint8Array
}

export interface Unblocked {
  readonly kind: 'unblocked'
  readonly givenName: string
  readonly familyName: string
}

/** Rejects with CeremonyCancelled or CeremonyFailed; after 'unblock-interrupted' another approval goes on with the same card. */
export function unblock(desk: OnlineDesk, insertion: Insertion, { approval, guid: wanted }: Unblocking): Promise<Unblocked> {
  const { guide, readers, link } = desk
  guide.begin('unblock', STEPS)
  return failingWell(insertion.reader, () =>
    withCard(readers, insertion, async (card) => {
      guide.step('read-card')
      const summary = await readCard(card.piv)
      if (summary.certificate.kind !== 'present') throw new CeremonyFailed({ code: 'card-not-registered' })
      const guid = numberOf(desk, insertion, summary, wanted)
      desk.cards.seen(insertion, guid)
      const credential = credentialOf(summary.certificate.der)
      const begun = await link.request('unblock.begin', { approval, guid })
      const progress = { changed: false }
      try {
        const { holder, at } =
          begun.puk === undefined
            ? (await proveWithPin(desk, card, { credential, guid: undefined }, 'registration')).result
            : await replaceReferences(desk, card, { summary, credential, begun, progress })
        // The list says so in a moment; until then it would refuse the card that was just unblocked.
        desk.blocks.note({ guid, blocked: false, at })
        return { kind: 'unblocked', givenName: holder.givenName, familyName: holder.familyName }
      } catch (error) {
        if (!progress.changed || error instanceof RefusedError || error instanceof PivError) throw error
        throw new CeremonyFailed({ code: 'unblock-interrupted', reader: insertion.reader }, { cause: error })
      } finally {
        wipe(...[begun.puk, begun.freshPuk].filter((puk) => puk !== undefined))
      }
    }),
  )
}

/** A linked card does not bear the gateway's number: it can be unblocked only where the block itself named it. */
function numberOf(
  { trust }: OnlineDesk,
  { reader }: Insertion,
  { guid: own, certificate }: CardSummary,
  wanted: Uint8Array | undefined,
): Uint8Array {
  const guid = certificate.kind === 'present' && trust.isOurs(certificate.der) ? own : wanted
  if (guid === undefined) throw new CeremonyFailed({ code: 'unknown-card' })
  if (wanted !== undefined && !equalConstantTime(wanted, guid)) throw new CeremonyFailed({ code: 'card-swapped', reader })
  return guid
}

interface Work {
  readonly summary: CardSummary
  readonly credential: CardCredential
  readonly begun: AnswerBody<'unblock.begin'>
  /** Whether anything on the card has been changed. */
  readonly progress: { changed: boolean }
}

async function replaceReferences(desk: OnlineDesk, card: HeldCard, { summary, credential, begun, progress }: Work) {
  const { guide, link } = desk
  let problem: Problem | undefined
  for (;;) {
    const pin = await choosePin(desk, card, problem)
    let keys: FreshKeys | undefined
    try {
      guide.step('authenticate-card')
      await card.begin()
      const cipher = summary.managementKeyAlgorithm ?? (await card.piv.managementKeyAlgorithm())
      const { registration } = begun
      const candidates = begun.freshPuk === undefined ? OWN : OWN_OR_FRESH
      const proved = await proveManagementKey(link, card.piv, { registration, cipher, candidates })
      if (proved === undefined) throw new CeremonyFailed({ code: 'management-key-unknown' })
      keys = proved.keys
      guide.step('set-pin')
      const puks = proved.held === 'fresh' ? [begun.freshPuk, begun.puk] : [begun.puk, begun.freshPuk]
      progress.changed = true
      const puk = await resetPin(card, puks, pin)
      if (puk === undefined) {
        problem = { code: 'pin-refused' }
        await card.pause()
        continue
      }
      guide.step('set-puk')
      // Setting what is set already costs nothing and proves it.
      await card.piv.changePuk(puk, keys.puk)
      guide.step('set-management-key')
      // A card without the command keeps the key that it has (docs/security.md).
      await unless(card.piv.setManagementKey(keys.managementKeyAlgorithm, keys.managementKey), 'not-supported')
      guide.step('prove')
      return await proveByFirstLogin(desk, card, credential, pin)
    } finally {
      wipe(pin, ...(keys === undefined ? [] : [keys.puk, keys.managementKey]))
    }
  }
}

const OWN = ['own'] as const
const OWN_OR_FRESH = ['own', 'fresh'] as const

async function choosePin({ guide }: OnlineDesk, card: HeldCard, before: Problem | undefined): Promise<Uint8Array> {
  guide.step('choose-pin')
  for (let problem = before; ; ) {
    const asked = guide.askNewPin({ current: false, ...(problem && { problem }) })
    const { next } = await card.whilePresent(asked, (late) => wipe(late.next))
    const code = judgeNewPin(next)
    if (code === undefined) return next
    wipe(next)
    problem = { code }
  }
}

/** RESET RETRY COUNTER with the PUK that the card has; undefined where the card's own rules refuse the PIN. */
async function resetPin(
  card: HeldCard,
  puks: readonly (Uint8Array | undefined)[],
  pin: Uint8Array,
): Promise<Uint8Array | undefined> {
  const known = puks.filter((puk) => puk !== undefined)
  for (const [index, puk] of known.entries()) {
    try {
      await card.piv.resetRetryCounter(puk, pin)
      return puk
    } catch (error) {
      if (!(error instanceof PivError)) throw error
      const { problem } = error
      if (problem.kind === 'pin-malformed' || problem.kind === 'conditions-not-satisfied') return undefined
      // The last try of the PUK is not spent on a guess.
      const mayGuess = problem.kind === 'puk-wrong' && problem.retriesLeft > 1 && index < known.length - 1
      if (!mayGuess) throw error
    }
  }
  throw new CeremonyFailed({ code: 'unexpected' })
}
