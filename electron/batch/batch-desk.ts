/**
 * Runs a batch: takes people from a file, then makes one card after another for them. Every step is on the disk before the next
 * one begins. It decides nothing about the desk: the terminal hands it each card that is meant for the batch.
 */
import { fromHex, toHex, utf8 } from '../../protocol/bytes.ts'
import type { Role } from '../../protocol/messages/operations.ts'
import type { Insertion } from '../ceremonies/card-access.ts'
import { CeremonyCancelled, CeremonyFailed } from '../ceremonies/guide.ts'
import { problemOf } from '../ceremonies/problems.ts'
import type { BatchAction, BatchFileProblem, BatchPhase, BatchSaving, SlipFormat } from '../contract/batch.ts'
import type { Problem, ProblemCode } from '../contract/problems.ts'
import type { StepId } from '../contract/snapshot.ts'
import { RefusedError } from '../session/link.ts'
import { canRetry } from '../terminal/remedies.ts'
import { isPresent } from '../terminal/state.ts'
import {
  type Batch,
  failure,
  failureCode,
  joined,
  newBatch,
  nextMember,
  openOf,
  printed,
  skipped,
  takenUp,
  unprinted,
  withMember,
  withState,
} from './batch.ts'
import { type Import, importPeople, MOST_BYTES } from './import.ts'
import { initialPin } from './pin.ts'
import type { BatchCommand, BatchDesk, BatchDeskOptions } from './ports.ts'
import { reportCsv } from './report.ts'
import { slipsOf } from './slips.ts'
import { unattendedGuide } from './unattended-guide.ts'
import { batchView } from './view.ts'

/** While the gateway does not answer, it is looked at so often: a link that never broke tells of no change. */
const LOOK_AGAIN_MS = 1000

/** What ends by itself: the batch waits, and goes on. */
const WAITS_FOR_GATEWAY: ReadonlySet<ProblemCode> = new Set<ProblemCode>(['gateway-offline', 'gateway-silent'])

/** In these the present person may be left out. */
const SKIPS: ReadonlySet<BatchPhase['kind']> = new Set<BatchPhase['kind']>(['next-card', 'trouble', 'offline'])

const hexOf = (guid: Uint8Array | undefined): string | undefined => guid && toHex(guid)

export function createBatchDesk(options: BatchDeskOptions): BatchDesk {
  const { file, readers, now } = options
  let batch: Batch | undefined
  let preview: (Import & { kind: 'read' }) | undefined
  let fileProblem: BatchFileProblem | undefined
  let phase: BatchPhase = { kind: 'paused' }
  let saving: BatchSaving | undefined
  let from = 0
  let pausing = false
  let choosing = false
  let closed = false
  /** The card that is being worked on, or was last. */
  let inHand: Insertion | undefined
  let operator: Pick<BatchCommand, 'session' | 'role'> | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  function show(): void {
    if (closed) return
    options.show(batchView({ batch, preview, fileProblem, phase, saving, from }))
  }

  function to(next: BatchPhase): void {
    if (timer !== undefined) clearTimeout(timer)
    timer = next.kind === 'offline' ? setTimeout(goOn, LOOK_AGAIN_MS) : undefined
    phase = next
    show()
  }

  async function keep(change: (batch: Batch) => Batch): Promise<void> {
    if (batch === undefined) return
    batch = change(batch)
    try {
      await file.save(batch)
    } catch (cause) {
      throw new CeremonyFailed({ code: 'batch-unwritten' }, { cause })
    }
  }

  const isIn = (card: Insertion | undefined): boolean => card !== undefined && isPresent(readers.status(), card)

  /** The next person's turn, once nothing of the one before is left to do. */
  function next(): void {
    if (batch === undefined || nextMember(batch) === undefined) to({ kind: 'finished' })
    else if (pausing) to({ kind: 'paused' })
    else to(offline() ?? { kind: 'next-card' })
    if (phase.kind !== 'next-card') pausing = false
  }

  function offline(): BatchPhase | undefined {
    const state = options.link()?.state()
    if (state?.kind === 'online') return undefined
    return { kind: 'offline', problem: state?.kind === 'offline' ? state.problem : { code: 'gateway-offline' } }
  }

  function goOn(): void {
    if (phase.kind !== 'offline' || closed) return
    const still = offline()
    if (still !== undefined) to(still)
    else if (isIn(inHand) && inHand !== undefined && operator !== undefined) void work(inHand, operator)
    else next()
  }

  async function work(card: Insertion, { session }: Pick<BatchCommand, 'session'>): Promise<void> {
    if (batch === undefined || phase.kind === 'working') return
    const at = nextMember(batch)
    if (at === undefined) return
    inHand = card
    to({ kind: 'working', part: 0, parts: 1, pausing })
    try {
      const finished = await settle(at)
      if (finished === undefined) await makeCard(at, card, session)
      // The card in the reader may be the one that was ready already, or a blank one that was meant to take its place.
      else if (hexOf(await options.identify(card)) !== finished) return again(card, session)
      if (isIn(card)) to({ kind: 'remove-card', ...memberAt(at) })
      else next()
    } catch (error) {
      await failed(at, error)
    }
  }

  async function again(card: Insertion, session: Uint8Array): Promise<void> {
    next()
    if (phase.kind === 'next-card' && isIn(card)) await work(card, { session })
  }

  function memberAt(at: number) {
    const member = batch?.members[at]
    if (member === undefined) throw new RangeError(`nobody at ${at}`)
    return { number: at + 1, person: member.person }
  }

  /**
   * A registration whose end nobody has seen is given up at the gateway, which withdraws what it has issued; where it says that
   * the card is registered, it was ready. So nobody gets two. One that is not this terminal's any more has left nothing here: another
   * desk went on with the card, or this one was enrolled anew. Answers with the number of a ready card.
   */
  async function settle(at: number): Promise<string | undefined> {
    const member = batch?.members[at]
    const open = member && openOf(member)
    if (open === undefined) return undefined
    try {
      await request(open.registration)
    } catch (error) {
      const refusal = error instanceof RefusedError ? error.refusal.code : undefined
      if (refusal !== 'already-registered' && refusal !== 'registration-unknown') throw error
      if (refusal === 'already-registered') {
        await keep((before) => withState(before, at, { kind: 'done', guid: open.guid, at: now() }))
        return open.guid
      }
    }
    await keep((before) => withState(before, at, { kind: 'waiting' }))
    return undefined
  }

  async function request(registration: string): Promise<void> {
    const link = options.link()
    if (link === undefined) throw new CeremonyFailed({ code: 'not-enrolled' })
    await link.request('register.abandon', { registration: fromHex(registration) })
  }

  async function makeCard(at: number, card: Insertion, session: Uint8Array): Promise<void> {
    const since = now()
    const begin = options.monotonic()
    await keep((before) =>
      withMember(before, at, ({ person, pin }) => ({
        person,
        pin: pin ?? initialPin(options.crypto),
        state: { kind: 'running', since },
      })),
    )
    const { person, pin } = batch?.members[at] ?? {}
    if (person === undefined || pin === undefined) throw new CeremonyCancelled()
    const { givenName, familyName, reference, role } = person
    const registration = { person: { givenName, familyName, reference }, session, ...(role && { role }) }
    const { guid } = await options.register(card, registration, unattendedGuide(pin, stepped), {
      begun: ({ registration: id, guid }) => {
        const open = { registration: toHex(id), guid: toHex(guid) }
        return keep((before) => withState(before, at, { kind: 'running', since, open }))
      },
    })
    const ms = Math.round(options.monotonic() - begin)
    await keep((before) => withState(before, at, { kind: 'done', guid, at: now(), ms }))
  }

  function stepped(step: StepId, part: number, parts: number): void {
    if (phase.kind === 'working') to({ kind: 'working', step, part, parts, pausing })
  }

  async function failed(at: number, error: unknown): Promise<void> {
    const problem = told(error)
    try {
      await keep((before) => withMember(before, at, (member) => ({ ...member, state: failure(member, problem.code) })))
    } catch {
      // What could not be kept is what is told.
    }
    if (WAITS_FOR_GATEWAY.has(problem.code)) to({ kind: 'offline', problem })
    else if (pausing) next()
    else to({ kind: 'trouble', problem, canRetry: canRetry(problem.code) })
  }

  function told(error: unknown): Problem {
    if (error instanceof CeremonyCancelled) return { code: 'card-removed' }
    const problem = problemOf(error)
    if (problem.code === 'unexpected') options.onUnexpected('batch', error)
    return problem
  }

  async function skip(at: number): Promise<void> {
    const before = batch?.members[at]
    to({ kind: 'working', part: 0, parts: 1, pausing })
    try {
      if ((await settle(at)) === undefined) await keep((now) => skipped(now, at, before && failureCode(before)))
      next()
    } catch (error) {
      await failed(at, error)
    }
  }

  // Files.

  async function chooseFile(role: Role): Promise<void> {
    if (choosing) return
    choosing = true
    try {
      const bytes = await options.dialogs.chooseFile(MOST_BYTES)
      if (bytes === undefined) return
      const known = new Set(batch?.members.map(({ person }) => person.reference))
      const found = importPeople(bytes, { role, known })
      preview = found.kind === 'read' ? found : undefined
      fileProblem = found.kind === 'unreadable' ? found.problem : undefined
    } catch {
      fileProblem = { code: 'batch-file-unreadable' }
    } finally {
      choosing = false
      show()
    }
  }

  async function begin(leaveOutBad: boolean): Promise<void> {
    if (preview === undefined || preview.people.length === 0 || (preview.faults.length > 0 && !leaveOutBad)) return
    const { people } = preview
    const whole = batch === undefined ? newBatch(people, now()) : joined(batch, people)
    try {
      await file.save(whole)
    } catch (error) {
      options.onUnexpected('batch', error)
      fileProblem = { code: 'batch-unwritten' }
      preview = undefined
      return show()
    }
    batch = whole
    preview = undefined
    fileProblem = undefined
    next()
  }

  async function save(what: BatchSaving['what'], count: number, write: () => Promise<boolean>): Promise<void> {
    if (saving?.state === 'working') return
    saving = { what, state: 'working', count }
    show()
    try {
      saving = (await write()) ? { what, state: 'saved', count } : undefined
    } catch (error) {
      const code: ProblemCode = error instanceof CeremonyFailed ? error.code : 'batch-file-not-written'
      options.onUnexpected(`batch-${what}`, error)
      saving = { what, state: 'failed', problem: { code } }
    }
    show()
  }

  async function saveSlips(format: SlipFormat): Promise<void> {
    const members = batch === undefined ? [] : unprinted(batch)
    if (members.length === 0) return
    const state = options.link()?.state()
    const slips = slipsOf(members, { site: state?.kind === 'online' ? state.site : '', locale: options.locale() })
    await save('slips', slips.length, async () => {
      if (!(await options.dialogs.saveSlips(slips, format))) return false
      await keep((before) => printed(before, members))
      return true
    })
  }

  async function forget(): Promise<void> {
    await file.remove()
    batch = undefined
    saving = undefined
    from = 0
    show()
  }

  async function act(
    action: BatchAction,
    card: Insertion | undefined,
    by: Pick<BatchCommand, 'session' | 'role'>,
  ): Promise<void> {
    const rests = phase.kind === 'paused' || phase.kind === 'finished'
    switch (action.kind) {
      case 'choose-file':
        return batch === undefined || rests ? chooseFile(by.role) : undefined
      case 'begin':
        return begin(action.leaveOutBad)
      case 'discard':
        preview = undefined
        fileProblem = undefined
        return show()
      case 'pause':
        return pause()
      case 'resume':
        return phase.kind === 'paused' ? next() : undefined
      case 'retry':
        if (phase.kind !== 'trouble') return
        return card === undefined ? next() : work(card, by)
      case 'skip': {
        const at = batch && nextMember(batch)
        return at !== undefined && SKIPS.has(phase.kind) ? skip(at) : undefined
      }
      case 'take-up-skipped':
        if (!rests) return
        await keep(takenUp)
        return next()
      case 'save-slips':
        return saveSlips(action.format)
      case 'save-report': {
        const csv = batch && reportCsv(batch)
        return csv === undefined || !rests ? undefined : save('report', 1, () => options.dialogs.saveReport(utf8(csv)))
      }
      case 'show-people':
        from = Math.min(action.from, Math.max(0, (batch?.members.length ?? 0) - 1))
        return show()
      case 'set-sound':
        await keep((before) => ({ ...before, sound: action.on }))
        return show()
      case 'close':
        return rests && preview === undefined ? forget() : undefined
      default:
        return action satisfies never
    }
  }

  function pause(): void {
    if (phase.kind === 'paused' || phase.kind === 'finished') return
    if (phase.kind === 'working') {
      pausing = true
      to({ ...phase, pausing })
    } else to({ kind: 'paused' })
  }

  const stop = readers.subscribe(() => {
    if (phase.kind === 'remove-card' && !isIn(inHand)) next()
  })

  return {
    async open() {
      try {
        batch = await file.load()
      } catch (error) {
        options.onUnexpected('batch', error)
        fileProblem = { code: 'batch-damaged' }
      }
      if (batch !== undefined && nextMember(batch) === undefined) phase = { kind: 'finished' }
      show()
    },
    async perform(command) {
      const { session, role } = command
      operator = { session, role }
      if (command.kind === 'action') return act(command.action, command.card, operator)
      if (phase.kind === 'next-card' || phase.kind === 'trouble') await work(command.card, operator)
    },
    gatewayChanged(view) {
      if (view.kind === 'online') goOn()
      else if (phase.kind === 'next-card' && view.kind === 'offline') to({ kind: 'offline', problem: view.problem })
    },
    close() {
      closed = true
      stop()
      if (timer !== undefined) clearTimeout(timer)
    },
  }
}
