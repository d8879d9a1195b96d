/** Every state of the window, as snapshots: what the gallery draws and what the tests of the window look at. */
import type { Page as BrowserPage } from 'playwright-core'
import type { PageName } from '../../../electron/contract/pages.ts'
import type {
  Ceremony,
  CeremonyKind,
  Page,
  Prompt,
  SimulationView,
  Snapshot,
  StepId,
} from '../../../electron/contract/snapshot.ts'
import { navigationOf } from '../../../electron/terminal/navigation.ts'
import type { Texts } from '../../../renderer/locales/texts.ts'
import { activityStories } from './activity-stories.ts'
import { batchStories } from './batch-stories.ts'
import { blockingStories } from './blocking-stories.ts'
import { handoverStories } from './handover-stories.ts'
import { operatorStories } from './operator-stories.ts'
import { pinPadStories } from './pin-pad-stories.ts'
import { recordStories } from './record-stories.ts'
import type { Story } from './story.ts'
import { trainingStories } from './training-stories.ts'
import { upkeepStories } from './upkeep-stories.ts'

const NOON = Date.UTC(2026, 4, 12, 12, 4)
const DAY = 86_400_000

const simulation: SimulationView = {
  readers: [{ name: 'Simulated reader 1', card: 'card-1' }, { name: 'Simulated reader 2' }],
  cards: [
    { id: 'card-1', label: 'Card 1', state: 'registered', holder: 'Amara Osei' },
    { id: 'card-2', label: 'Card 2', state: 'registered', holder: 'Jon Björnsson' },
    { id: 'card-3', label: 'Card 3', state: 'blank' },
  ],
}

const base: Omit<Snapshot, 'page'> = {
  revision: 1,
  application: { version: '0.1.0', electron: '45.4.1' },
  language: { desk: 'en-GB', choosesFor: 'desk', setting: 'system', locked: false },
  resizing: { compact: false },
  gateway: { kind: 'online', site: 'Harbour Street', since: NOON - DAY },
  readers: {
    readers: [{ name: 'Identiv uTrust 2700 R', simulated: false, state: 'card' }],
    desk: [{ name: 'Identiv uTrust 2700 R', simulated: false, state: 'ready' }],
  },
  operator: { givenName: 'Amara', familyName: 'Osei', role: 'registrar', since: NOON - DAY / 4 },
}

/** The pages from which main lets somebody go on to another page, and what each is called in the navigation. */
const AT_REST: { readonly [Kind in Page['kind']]?: PageName } = {
  enrol: 'desk',
  'first-operator': 'desk',
  'sign-in': 'desk',
  idle: 'desk',
  batch: 'batch',
  readers: 'readers',
  activity: 'activity',
  findings: 'findings',
  diagnostics: 'diagnostics',
  settings: 'settings',
}

function story(name: string, page: Page, rest: Partial<Snapshot> = {}): Story {
  const snapshot = { ...base, ...rest, page }
  const current = AT_REST[page.kind]
  const navigation = current && { navigation: navigationOf(current, snapshot.operator?.role) }
  return { name, snapshot: { ...snapshot, ...navigation } }
}

/** A snapshot before anyone has signed in. */
function withoutOperator(): Partial<Snapshot> {
  return { operator: undefined } as unknown as Partial<Snapshot>
}

const REGISTER: readonly StepId[] = [
  'insert',
  'read-card',
  'authenticate-card',
  'identify-card',
  'choose-pin',
  'set-pin',
  'set-puk',
  'set-management-key',
  'make-key',
  'make-presence-key',
  'request-certificate',
  'write-certificate',
  'prove',
]
const LOGIN: readonly StepId[] = ['insert', 'read-card', 'enter-pin', 'verify']
const CHANGE: readonly StepId[] = ['insert', 'read-card', 'choose-pin', 'change-pin']
const UNBLOCK: readonly StepId[] = [
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
const STEPS: Readonly<Record<CeremonyKind, readonly StepId[]>> = {
  register: REGISTER,
  login: LOGIN,
  'sign-in': LOGIN,
  'change-pin': CHANGE,
  unblock: UNBLOCK,
}

function ceremony(kind: CeremonyKind, at: StepId | 'end', prompt: Prompt, person?: Ceremony['person']): Page {
  const ids = STEPS[kind]
  const now = at === 'end' ? ids.length : ids.indexOf(at)
  const active = prompt.kind === 'failed' ? 'failed' : 'active'
  return {
    kind: 'ceremony',
    ceremony: {
      kind,
      steps: ids.map((id, i) => ({ id, state: i < now ? 'done' : i === now ? active : 'todo' })),
      prompt,
      ...(person ? { person } : {}),
    },
  }
}

const jon = { givenName: 'Jon', familyName: 'Björnsson' }
const long = { givenName: 'Wilhelmina Alexandra Konstantina', familyName: 'Papadimitrakopoulou-Featherstonehaugh' }
const GUID = '6F1C 42A9 07DE 4B35 9C80 51E2 D47A B31F'

const session: Extract<Page, { kind: 'session' }> = {
  kind: 'session',
  session: {
    ...jon,
    reference: 'C-204 881',
    registeredAt: NOON - 400 * DAY,
    at: NOON,
    last: { at: NOON - 3 * DAY, site: 'Central Station' },
    cardNumber: GUID,
    cardExpiresAt: NOON + 1400 * DAY,
    reader: 'Identiv uTrust 2700 R',
    loginMs: 214,
  },
}

const registrationForm = async (page: BrowserPage, { text }: Texts) => {
  await page.getByRole('button', { name: text('idle.register') }).click()
  await page.getByRole('heading', { level: 1, name: text('person.title') }).waitFor()
}

async function typeDigits(page: BrowserPage, digits: string): Promise<void> {
  for (const digit of digits) await page.keyboard.press(digit)
}

export const stories: readonly Story[] = [
  story('starting', { kind: 'starting' }, { ...withoutOperator(), gateway: { kind: 'connecting' } }),
  story('enrol', { kind: 'enrol', busy: false }, { ...withoutOperator(), gateway: { kind: 'not-enrolled' } }),
  {
    ...story(
      'enrol-mistyped',
      { kind: 'enrol', busy: false, problem: { code: 'invitation-mistyped' } },
      { ...withoutOperator(), gateway: { kind: 'not-enrolled' } },
    ),
    act: (page, { text }) => page.getByLabel(text('enrol.code')).fill('TES1-8K4Q-92MX-JD7R-VV0P-3NHE-W5TC'),
  },
  story('enrol-busy', { kind: 'enrol', busy: true }, { ...withoutOperator(), gateway: { kind: 'not-enrolled' } }),
  story(
    'first-operator',
    { kind: 'first-operator' },
    { ...withoutOperator(), simulation: { readers: [{ name: 'Simulated reader 1' }], cards: [] } },
  ),
  story('sign-in', { kind: 'sign-in' }, withoutOperator()),
  story('sign-in-simulated', { kind: 'sign-in' }, { ...withoutOperator(), simulation }),
  story(
    'sign-in-no-reader',
    { kind: 'sign-in' },
    {
      ...withoutOperator(),
      readers: { readers: [], desk: [], problem: { code: 'reader-none' } },
      gateway: { kind: 'offline', since: NOON, problem: { code: 'gateway-offline' } },
    },
  ),
  story('sign-in-not-an-operator', { kind: 'sign-in', problem: { code: 'not-an-operator' } }, withoutOperator()),
  story('idle', { kind: 'idle' }),
  story('idle-desk-role', { kind: 'idle' }, { operator: { givenName: 'Li', familyName: 'Wei', role: 'desk', since: NOON } }),
  story('idle-simulated', { kind: 'idle' }, { simulation }),
  story(
    'idle-two-simulated-readers',
    { kind: 'idle' },
    {
      simulation: { ...simulation, readers: [{ name: 'Simulated reader 1' }, { name: 'Simulated reader 2' }] },
      readers: {
        readers: [
          { name: 'Simulated reader 1', simulated: true, state: 'empty' },
          { name: 'Simulated reader 2', simulated: true, state: 'empty' },
        ],
        desk: [
          { name: 'Simulated reader 1', simulated: true, state: 'no-card' },
          { name: 'Simulated reader 2', simulated: true, state: 'no-card' },
        ],
      },
    },
  ),
  story(
    'idle-troubled',
    { kind: 'idle' },
    {
      gateway: { kind: 'offline', since: NOON, problem: { code: 'gateway-offline' } },
      readers: { readers: [], desk: [], problem: { code: 'reader-service-down' } },
      operator: { ...long, role: 'supervisor', since: NOON },
    },
  ),
  { ...story('registration-form', { kind: 'idle' }, { simulation }), act: registrationForm },
  {
    ...story('registration-form-missing', { kind: 'idle' }),
    async act(page, texts) {
      await registrationForm(page, texts)
      await page.getByRole('button', { name: texts.text('person.submit') }).click()
    },
  },
  story('register-insert', ceremony('register', 'insert', { kind: 'insert-card' }, jon), { simulation }),
  story('register-working', ceremony('register', 'make-key', { kind: 'working' }, jon)),
  story('register-choose-pin', ceremony('register', 'choose-pin', { kind: 'choose-pin', current: false }, jon), { simulation }),
  {
    ...story('register-choose-pin-mismatch', ceremony('register', 'choose-pin', { kind: 'choose-pin', current: false }, jon)),
    async act(page, { text }) {
      await typeDigits(page, '274913')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: text('choose-pin.repeat') }).waitFor()
      await typeDigits(page, '274914')
      await page.keyboard.press('Enter')
      await page.getByText(text('choose-pin.mismatch')).first().waitFor()
    },
  },
  story(
    'register-pin-weak',
    ceremony('register', 'choose-pin', { kind: 'choose-pin', current: false, problem: { code: 'pin-weak' } }, jon),
  ),
  story('register-done', ceremony('register', 'end', { kind: 'done', result: { kind: 'registered', ...jon, guid: GUID } }, jon)),
  story(
    'register-interrupted',
    ceremony('register', 'make-key', { kind: 'failed', problem: { code: 'registration-interrupted' }, canRetry: true }, long),
  ),
  story('login-pin', ceremony('login', 'enter-pin', { kind: 'enter-pin', retriesLeft: 3 })),
  {
    ...story('login-pin-simulated', ceremony('login', 'enter-pin', { kind: 'enter-pin', retriesLeft: 3 }), { simulation }),
    act: (page) => typeDigits(page, '2749'),
  },
  story(
    'login-pin-wrong',
    ceremony('login', 'enter-pin', { kind: 'enter-pin', retriesLeft: 2, problem: { code: 'pin-wrong', retriesLeft: 2 } }),
    { simulation },
  ),
  story('login-last-try', ceremony('login', 'enter-pin', { kind: 'confirm-last-try' })),
  story('login-pin-last', ceremony('login', 'enter-pin', { kind: 'enter-pin', retriesLeft: 1 })),
  story('login-working', ceremony('login', 'verify', { kind: 'working' })),
  story(
    'login-blocked',
    ceremony('login', 'verify', {
      kind: 'failed',
      problem: { code: 'pin-blocked', retriesLeft: 0, reader: 'Identiv uTrust 2700 R' },
      canRetry: false,
    }),
  ),
  story(
    'login-not-registered',
    ceremony('login', 'read-card', {
      kind: 'failed',
      problem: { code: 'card-not-registered', reader: 'Identiv uTrust 2700 R' },
      canRetry: false,
    }),
    { simulation },
  ),
  story(
    'login-slow-down',
    ceremony('login', 'verify', { kind: 'failed', problem: { code: 'slow-down', retryAfterMs: 30_000 }, canRetry: true }),
  ),
  story('sign-in-pin', ceremony('sign-in', 'enter-pin', { kind: 'enter-pin', retriesLeft: 3 }), withoutOperator()),
  story('change-insert', ceremony('change-pin', 'insert', { kind: 'insert-card' })),
  story('change-current', ceremony('change-pin', 'choose-pin', { kind: 'choose-pin', current: true, retriesLeft: 3 })),
  story('change-done', ceremony('change-pin', 'end', { kind: 'done', result: { kind: 'pin-changed' } })),
  story(
    'change-unknown',
    ceremony('change-pin', 'change-pin', {
      kind: 'failed',
      problem: { code: 'pin-outcome-unknown', retriesLeft: 3 },
      canRetry: true,
    }),
  ),
  story('session', session),
  story(
    'session-first',
    { ...session, session: { ...session.session, ...long, role: 'supervisor', last: undefined } as never },
    { simulation },
  ),
  ...blockingStories(story, ceremony),
  ...recordStories(story, session),
  ...handoverStories(story, session),
  ...operatorStories(story, ceremony),
  ...pinPadStories(story, ceremony),
  ...activityStories(story),
  ...trainingStories(story, ceremony, simulation),
  ...upkeepStories(story),
  ...batchStories(story),
]
