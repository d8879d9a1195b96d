/** What the renderer may ask of main. Parsed by this schema in main, whatever the renderer sent. */
import * as v from 'valibot'
import { findingKindSchema } from '../../protocol/messages/finding-operations.ts'
import { personSchema, ROLES } from '../../protocol/messages/operations.ts'
import { ACTIVITY_KINDS, ACTIVITY_OUTCOMES } from './activity.ts'
import { batchActionSchema } from './batch.ts'
import { LANGUAGE_SETTINGS, LANGUAGES } from './languages.ts'
import { PAGE_NAMES } from './pages.ts'
import { NOTE_MAX_LENGTH } from './record.ts'
import { settingChangeSchema } from './settings.ts'
import { shellTextsSchema } from './shell.ts'
import { EXERCISES, MISHAPS, PAD_KEYS } from './training.ts'

/** SP 800-73-5 part 2 section 3.2.1: a PIV PIN is 6 to 8 decimal digits. */
const PIN = /^[0-9]{6,8}$/
const pin = v.pipe(v.string(), v.regex(PIN))
/** A card's number as hexadecimal digits, without the spaces that people see. */
const cardNumber = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/))
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(120))

export const intentSchema = v.variant('kind', [
  v.strictObject({ kind: v.literal('enrol'), code: v.pipe(v.string(), v.minLength(1), v.maxLength(200)) }),
  v.strictObject({ kind: v.literal('register'), person: personSchema, role: v.optional(v.picklist(ROLES)) }),
  v.strictObject({ kind: v.literal('change-pin') }),
  v.strictObject({ kind: v.literal('submit-pin'), pin }),
  v.strictObject({ kind: v.literal('submit-new-pin'), current: v.optional(pin), pin }),
  v.strictObject({ kind: v.literal('confirm-last-try') }),
  /** Once more on the reader, or here from now on. */
  v.strictObject({ kind: v.literal('use-pin-pad') }),
  v.strictObject({ kind: v.literal('use-keyboard') }),
  v.strictObject({ kind: v.literal('retry') }),
  v.strictObject({ kind: v.literal('cancel') }),
  /** Leaves a result or a failure behind. */
  v.strictObject({ kind: v.literal('dismiss') }),
  v.strictObject({ kind: v.literal('end-session') }),
  v.strictObject({ kind: v.literal('sign-out') }),
  v.strictObject({ kind: v.literal('lock') }),
  /** Asks another operator for their card; who works here stays until they have signed in. */
  v.strictObject({ kind: v.literal('switch-operator') }),
  /** Into the record of the person who is logged in. */
  v.strictObject({
    kind: v.literal('add-note'),
    text: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(NOTE_MAX_LENGTH)),
  }),
  /** A supervisor blocks the card with that number, or of the person who is logged in. */
  v.strictObject({ kind: v.literal('block-card'), card: v.optional(cardNumber) }),
  /** Leaves the outcome of 'block-card' behind. */
  v.strictObject({ kind: v.literal('block-seen') }),
  /** From the block page for its card, else for whichever card is put in after a supervisor's. */
  v.strictObject({ kind: v.literal('unblock') }),
  /** Opens a page of the navigation; the desk is what lies under all of them. */
  v.strictObject({ kind: v.literal('show'), page: v.picklist(PAGE_NAMES) }),
  /** On the page of the batch. */
  v.strictObject({ kind: v.literal('batch'), action: batchActionSchema }),
  /** `search`: a card's number or a reader's name; all readers where absent. */
  v.strictObject({ kind: v.literal('show-readers'), search: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(120))) }),
  /** For a supervisor: of one kind, or of all. */
  v.strictObject({ kind: v.literal('show-findings'), only: v.optional(findingKindSchema) }),
  /** What happened at this desk, `from` so many newer rows on. */
  v.strictObject({
    kind: v.literal('show-activity'),
    only: v.optional(v.picklist(ACTIVITY_KINDS)),
    outcome: v.optional(v.picklist(ACTIVITY_OUTCOMES)),
    search: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(48))),
    from: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1_000_000))),
  }),
  /** The next page of what is shown. */
  v.strictObject({ kind: v.literal('show-more') }),
  /** The language of the desk, from now on. */
  v.strictObject({ kind: v.literal('set-language'), language: v.picklist(LANGUAGE_SETTINGS) }),
  /** The language of the person who is being served, until that is over. */
  v.strictObject({ kind: v.literal('set-person-language'), language: v.picklist(LANGUAGES) }),
  v.strictObject({ kind: v.literal('set-setting'), change: settingChangeSchema }),
  /** What is said outside of the window, in the desk's language. */
  v.strictObject({ kind: v.literal('set-shell-texts'), texts: shellTextsSchema }),
  v.strictObject({ kind: v.literal('run-checks') }),
  /** The report for support: made, shown, and written where the person says in the system's own dialog. */
  v.strictObject({ kind: v.literal('prepare-report') }),
  v.strictObject({ kind: v.literal('save-report') }),
  v.strictObject({ kind: v.literal('close-report') }),
  v.strictObject({ kind: v.literal('simulate-new-card') }),
  v.strictObject({ kind: v.literal('simulate-insert'), card: name, reader: name }),
  v.strictObject({ kind: v.literal('simulate-remove'), reader: name }),
  v.strictObject({ kind: v.literal('simulate-mishap'), card: name, mishap: v.picklist(MISHAPS) }),
  /** Cuts the terminal's own link to its gateway, or mends it. */
  v.strictObject({ kind: v.literal('simulate-pin-pad'), present: v.boolean() }),
  /** On the pad of the simulated readers, which is drawn: the only pad whose keys pass here. */
  v.strictObject({ kind: v.literal('simulate-pad-key'), key: v.picklist(PAD_KEYS) }),
  v.strictObject({ kind: v.literal('simulate-gateway'), cut: v.boolean() }),
  /** Starts that exercise, or ends the one that runs. */
  v.strictObject({ kind: v.literal('simulate-exercise'), exercise: v.optional(v.picklist(EXERCISES)) }),
])
export type WindowIntent = v.InferOutput<typeof intentSchema>
/** What the terminal itself is asked: everything but what is said around it. */
export type Intent = Exclude<WindowIntent, { kind: 'set-shell-texts' }>
