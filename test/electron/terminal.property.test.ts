/** Whatever happens in whatever order: no exception, one prompt at a time, every question ends, nothing secret is shown. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CeremonyFailed } from '../../electron/ceremonies/guide.ts'
import type { Intent } from '../../electron/contract/intents.ts'
import type { Snapshot } from '../../electron/contract/snapshot.ts'
import type { Notice } from '../../protocol/messages/notices.ts'
import { createDesk, loginResult, PARTS, type Run, settle } from './terminal-desk.ts'

type Desk = ReturnType<typeof createDesk>

/** A world with the questions that are open, so that the test can see that each one ends. */
interface World {
  readonly desk: Desk
  readonly open: Set<Promise<unknown>>
  readonly ended: Set<Run>
}

const PIN = '271828'
const PERSON = { givenName: 'Emmy', familyName: 'Noether', reference: '1' }
const reader = fc.constantFrom('A', 'B')

const intent = fc.constantFrom<Intent>(
  { kind: 'enrol', code: 'X' },
  { kind: 'register', person: PERSON },
  { kind: 'register', person: PERSON, role: 'registrar' },
  { kind: 'change-pin' },
  { kind: 'submit-pin', pin: PIN },
  { kind: 'submit-new-pin', pin: PIN },
  { kind: 'submit-new-pin', pin: PIN, current: PIN },
  { kind: 'confirm-last-try' },
  { kind: 'retry' },
  { kind: 'cancel' },
  { kind: 'dismiss' },
  { kind: 'end-session' },
  { kind: 'sign-out' },
  { kind: 'unblock' },
  { kind: 'block-card' },
  { kind: 'block-seen' },
  { kind: 'show', page: 'desk' },
  { kind: 'show', page: 'batch' },
  { kind: 'batch', action: { kind: 'resume' } },
  { kind: 'show', page: 'readers' },
  { kind: 'show', page: 'findings' },
  { kind: 'show-readers' },
  { kind: 'show-findings' },
  { kind: 'show', page: 'activity' },
  { kind: 'show-activity', only: 'login', from: 50 },
  { kind: 'show-more' },
  { kind: 'set-language', language: 'ar' },
  { kind: 'set-person-language', language: 'hi' },
  { kind: 'simulate-new-card' },
  { kind: 'simulate-remove', reader: 'A' },
)

function ask(world: World, run: Run | undefined, question: (run: Run) => Promise<unknown>): void {
  if (run === undefined || world.ended.has(run)) return
  const asked = question(run)
  world.open.add(asked)
  asked.then(
    () => world.open.delete(asked),
    (error) => {
      world.open.delete(asked)
      // A ceremony whose question was called off ends, as every ceremony does.
      world.ended.add(run)
      run.reject(error)
    },
  )
}

function end(world: World, run: Run | undefined, how: number): void {
  if (run === undefined) return
  world.ended.add(run)
  switch (how) {
    case 0:
      run.resolve({
        kind: 'logged-in',
        login: { result: loginResult(world.desk.runs.length, 'supervisor'), loginMs: 1, parts: PARTS },
      })
      break
    case 1:
      run.resolve({ kind: 'logged-in', login: { result: loginResult(world.desk.runs.length), loginMs: 1, parts: PARTS } })
      break
    case 2:
      run.resolve({ kind: 'finished', result: { kind: 'pin-changed' } })
      break
    case 3:
      run.reject(new CeremonyFailed({ code: 'card-removed' }))
      break
    case 4:
      run.reject(new CeremonyFailed({ code: 'session-unknown' }))
      break
    case 5:
      run.resolve({ kind: 'approved', session: new Uint8Array(16) })
      break
    case 6:
      run.reject(new CeremonyFailed({ code: 'card-blocked' }))
      break
    default:
      run.reject(new Error('a fault'))
      break
  }
}

function noticeOf(kind: string): Notice {
  const about = { notice: new Uint8Array(16), at: 1 }
  if (kind === 'finding') return { ...about, kind, finding: 'clone', severity: 'high' }
  const { guid } = loginResult(1).card
  if (kind === 'end-session') return { ...about, kind, guid, finding: 'delay' }
  return { ...about, kind: 'block', guid, cause: 'supervisor', blockPin: true }
}

const action: fc.Arbitrary<(world: World) => void> = fc.oneof(
  intent.map(
    (value) =>
      ({ desk }: World) =>
        void desk.intent(value),
  ),
  intent.map(
    (value) =>
      ({ desk }: World) =>
        void desk.intent(value),
  ),
  reader.map(
    (name) =>
      ({ desk }: World) =>
        desk.insert(name),
  ),
  reader.map(
    (name) =>
      ({ desk }: World) =>
        desk.pull(name),
  ),
  reader.map(
    (name) =>
      ({ desk }: World) =>
        desk.mute(name),
  ),
  fc.constant(({ desk }: World) => desk.setService({ kind: 'service-down' })),
  fc.boolean().map(
    (first) =>
      ({ desk }: World) =>
        desk.online(first),
  ),
  fc.constant(({ desk }: World) =>
    desk.terminal.gatewayChanged({ kind: 'offline', since: 1, problem: { code: 'gateway-silent' } }),
  ),
  fc.constant(({ desk }: World) => desk.terminal.gatewayChanged({ kind: 'not-enrolled' })),
  fc.tuple(fc.constantFrom('block', 'end-session', 'finding'), fc.nat(3), fc.option(reader)).map(
    ([kind, insertions, name]) =>
      ({ desk }: World) =>
        desk.terminal.noticed(noticeOf(kind), name === null ? undefined : { reader: name, insertions }),
  ),
  fc.boolean().map(
    (done) =>
      ({ desk }: World) =>
        desk.terminal.pinBlockedOnCard(loginResult(1).card.guid, done),
  ),
  fc.tuple(fc.nat(), fc.boolean()).map(([n, fails]) => ({ desk }: World) => {
    const look = desk.looks[n % Math.max(1, desk.looks.length)]
    if (fails) look?.reject(new CeremonyFailed({ code: 'session-unknown' }))
    else look?.resolve({ of: 'readers', places: [], next: 'more' })
  }),
  fc.boolean().map((fails) => ({ desk }: World) => {
    const asked = desk.blocks[desk.blocks.length - 1]
    if (fails) asked?.reject(new CeremonyFailed({ code: 'gateway-offline' }))
    else asked?.resolve()
  }),
  fc.constant(({ desk }: World) => desk.enrolments[desk.enrolments.length - 1]?.end()),
  fc.constant(({ desk }: World) => desk.terminal.simulationChanged({ readers: [], cards: [] })),
  // Late words of ceremonies that are over are among them: any run may speak.
  fc.nat().map(
    (n) =>
      ({ desk }: World) =>
        desk.runs[n % Math.max(1, desk.runs.length)]?.guide.step('verify'),
  ),
  fc.nat().map((n) => ({ desk }: World) => {
    const run = desk.runs[n % Math.max(1, desk.runs.length)]
    run?.guide.begin(run.request.kind, ['read-card', 'verify'])
  }),
  fc.tuple(fc.nat(), fc.nat(3)).map(([n, retriesLeft]) => (world: World) => {
    ask(world, world.desk.runs[n % Math.max(1, world.desk.runs.length)], (run) => run.guide.askPin({ retriesLeft }))
  }),
  fc.tuple(fc.nat(), fc.nat(3), fc.boolean()).map(([n, retriesLeft, current]) => (world: World) => {
    ask(world, world.desk.runs[n % Math.max(1, world.desk.runs.length)], (run) => run.guide.askNewPin({ retriesLeft, current }))
  }),
  fc.tuple(fc.nat(), fc.nat(7)).map(
    ([n, how]) =>
      (world: World) =>
        end(world, world.desk.runs[n % Math.max(1, world.desk.runs.length)], how),
  ),
  fc.nat(7).map((how) => (world: World) => end(world, world.desk.runs[world.desk.runs.length - 1], how)),
)

function hold(snapshot: Snapshot, before: Snapshot): void {
  expect(snapshot.revision).toBeGreaterThan(before.revision)
  const text = JSON.stringify(snapshot)
  expect(text).not.toContain(PIN)
  if (snapshot.page.kind === 'session') expect(snapshot.readers.readers.some(({ state }) => state !== 'empty')).toBe(true)
  if (snapshot.page.kind === 'ceremony') {
    expect(snapshot.page.ceremony.steps.filter(({ state }) => state === 'active').length).toBeLessThanOrEqual(1)
  }
}

test('random orders of events', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(action, fc.boolean()), { maxLength: 60 }), async (actions) => {
      const desk = createDesk()
      const world: World = { desk, open: new Set(), ended: new Set() }
      let last = desk.terminal.snapshot()
      desk.terminal.subscribe((snapshot) => {
        hold(snapshot, last)
        last = snapshot
      })
      desk.online()
      for (const [act, wait] of actions) {
        act(world)
        if (wait) await settle()
        // At most one question is open, and only while the page shows it.
        if (wait) {
          const prompt = desk.prompt()?.kind
          const asking = prompt === 'enter-pin' || prompt === 'choose-pin' || prompt === 'confirm-last-try'
          expect(world.open.size).toBe(asking ? 1 : 0)
        }
      }
      // Every ceremony that still runs comes to its end, every page can be left, and the desk is ready again.
      desk.setService({ kind: 'ready' })
      desk.pull('A')
      desk.pull('B')
      for (let turn = 0; turn < 3; turn += 1) {
        await settle()
        for (const run of desk.runs) if (!world.ended.has(run)) end(world, run, 3)
        for (const enrolment of desk.enrolments) enrolment.end()
        await settle()
        desk.intent({ kind: 'cancel' })
        desk.intent({ kind: 'dismiss' })
      }
      desk.online()
      desk.intent({ kind: 'sign-out' })
      expect(desk.page().kind).toMatch(/^(sign-in|first-operator)$/)
      const runsBefore = desk.runs.length
      desk.online(false)
      desk.insert('B')
      expect(desk.runs).toHaveLength(runsBefore + 1)
      await desk.terminal.close()
      await settle()
      expect(world.open.size).toBe(0)
    }),
    { numRuns: 400 },
  )
})
