/** Watches the terminal and writes its journal. Names stay in memory, and only until another operator comes or this one goes. */
import { join } from 'node:path'
import { equalConstantTime, fromHex } from '../../protocol/bytes.ts'
import type { Insertion } from '../ceremonies/card-access.ts'
import { CeremonyCancelled, CeremonyFailed } from '../ceremonies/guide.ts'
import type { Registered } from '../ceremonies/register.ts'
import type { ActivityFilter, ActivityRow, LoginParts } from '../contract/activity.ts'
import { nameOf, runningStage } from '../terminal/moves.ts'
import type { ActivityFound } from '../terminal/overview.ts'
import type { Outcome, State } from '../terminal/state.ts'
import type { ActivityEntry } from './entry.ts'
import { type Happening, happenings } from './happenings.ts'
import { createJournal } from './journal.ts'
import { findActivity } from './pages.ts'
import { newReferenceKey, openReferenceKey, referenceOf } from './references.ts'

export interface RecorderOptions {
  /** TESSERA_HOME/terminal/activity */
  readonly folder: string
  now(): number
  /** Milliseconds of a clock that nobody sets. */
  monotonic(): number
  cardIn(card: Insertion): Uint8Array | undefined
  onUnwritten(error: unknown): void
}

export interface Recorder {
  /** Reads what was kept before. Never rejects. */
  open(): Promise<void>
  /** Called with each change of the terminal's state; `outcome` is of a ceremony that ended with it. */
  watch(before: State, after: State, outcome: Outcome | undefined): void
  /** A registration that the state machine does not see: a card of a batch. Ends as `work` does. */
  registering(card: Insertion, work: () => Promise<Registered>): Promise<Registered>
  /** Once everything that was seen is in. */
  find(filter: ActivityFilter, from: number): Promise<ActivityFound & { readonly failing: boolean }>
}

export function createRecorder(options: RecorderOptions): Recorder {
  const journal = createJournal(options)
  /** By the entry itself, because the journal's places move when it drops its oldest. */
  const names = new Map<ActivityEntry, NonNullable<Happening['name']>>()
  let key: Promise<Uint8Array> | undefined
  let startedAt = 0
  let sessionAt = 0
  let operatorAt = 0
  let written: Promise<unknown> = Promise.resolve()

  /** Without a key on disk the references hold until the program ends. */
  const keyOf = (): Promise<Uint8Array> => {
    key ??= openReferenceKey(join(options.folder, 'references.key')).catch((error) => {
      options.onUnwritten(error)
      return newReferenceKey()
    })
    return key
  }

  async function write(happening: Happening, at: number, tookMs: number | undefined): Promise<void> {
    const { guid, name, parts, loginMs, ...rest } = happening
    const entry: ActivityEntry = {
      at,
      ...rest,
      ...(guid && { card: referenceOf(await keyOf(), guid) }),
      ...(tookMs === undefined ? {} : { tookMs: tenth(tookMs) }),
      ...(loginMs === undefined ? {} : { loginMs: tenth(loginMs) }),
      ...(parts && { parts: tenths(parts) }),
    }
    if (name !== undefined) names.set(entry, name)
    await journal.append(entry)
  }

  return {
    open: () => journal.open(),
    watch(before, after, outcome) {
      const clock = options.monotonic()
      const ran = runningStage(before) !== undefined
      if (!sameOperator(before, after)) written = written.then(() => names.clear())
      const seen = happenings(before, after, outcome, options.cardIn)
      const took = (kind: Happening['kind']): number | undefined => {
        switch (kind) {
          case 'block':
            return undefined
          case 'card-pulled':
            return clock - sessionAt
          case 'sign-out':
          case 'lock':
          case 'switch-operator':
            // At a locked desk nobody was signed in any more.
            return before.operator === undefined ? undefined : clock - operatorAt
          default:
            return ran ? clock - startedAt : undefined
        }
      }
      for (const happening of seen) {
        const [at, tookMs] = [options.now(), took(happening.kind)]
        written = written.then(() => write(happening, at, tookMs))
      }
      if (after.lastRun !== before.lastRun) startedAt = clock
      if (before.session === undefined && after.session !== undefined) sessionAt = clock
      if (after.operator !== undefined && !sameOperator(before, after)) operatorAt = clock
    },
    async registering(card, work) {
      const begun = options.monotonic()
      const end = (happening: Omit<Happening, 'kind' | 'reader'>): void => {
        const [at, tookMs] = [options.now(), options.monotonic() - begun]
        written = written.then(() => write({ kind: 'register', reader: card.reader, ...happening }, at, tookMs))
      }
      try {
        const registered = await work()
        end({ outcome: 'done', guid: fromHex(registered.guid), name: nameOf(registered) })
        return registered
      } catch (error) {
        if (error instanceof CeremonyCancelled) end({ outcome: 'cancelled' })
        else end({ outcome: 'failed', code: error instanceof CeremonyFailed ? error.code : 'unexpected' })
        throw error
      }
    },
    async find({ search = '', ...filter }, from) {
      await journal.open()
      await written
      const entries = journal.entries()
      const found = findActivity(entries, filter, await wantedCard(search), from, (index) => nameAt(entries, index))
      return { ...found, failing: journal.isFailing() }
    },
  }

  function nameAt(entries: readonly ActivityEntry[], index: number): ActivityRow['name'] {
    const entry = entries[index]
    return entry && names.get(entry)
  }

  /** A whole card number is looked for by its reference; anything else is the beginning of one. */
  async function wantedCard(search: string): Promise<string> {
    const typed = search.replace(/[\s-]/g, '')
    const reference = /^[0-9a-f]{32}$/i.test(typed) ? referenceOf(await keyOf(), fromHex(typed.toLowerCase())) : typed
    return reference.replace('-', '').toUpperCase()
  }
}

function sameOperator({ operator: a }: State, { operator: b }: State): boolean {
  return a === b || (a !== undefined && b !== undefined && equalConstantTime(a.session, b.session))
}

const tenth = (ms: number): number => Math.max(0, Math.round(ms * 10) / 10)

function tenths(parts: LoginParts): LoginParts {
  const { connect, read, handshake, verify, sign, gateway } = parts
  return {
    connect: tenth(connect),
    read: tenth(read),
    handshake: tenth(handshake),
    verify: tenth(verify),
    sign: tenth(sign),
    gateway: tenth(gateway),
  }
}
