import { build } from 'esbuild'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { IntentReply, TesseraBridge } from '../../electron/contract/channels.ts'
import type { Intent } from '../../electron/contract/intents.ts'
import type { Page, Snapshot } from '../../electron/contract/snapshot.ts'
import { createTerminalStore } from '../../renderer/store/terminal-store.ts'

const operator = { givenName: 'Ada', familyName: 'Lovelace', role: 'registrar', since: 0 } as const

function snapshot(revision: number, page: Page, more: Partial<Snapshot> = {}): Snapshot {
  return {
    revision,
    application: { version: '1', electron: '1' },
    language: { desk: 'en-GB', choosesFor: 'desk', setting: 'system', locked: false },
    gateway: { kind: 'connecting' },
    readers: { readers: [], desk: [] },
    page,
    ...more,
  }
}

class FakeBridge implements TesseraBridge {
  readonly sent: Intent[] = []
  reply: () => Promise<IntentReply> = async () => ({ accepted: true })
  first: () => Promise<Snapshot>
  listener: ((snapshot: Snapshot) => void) | undefined

  constructor(first: Snapshot) {
    this.first = async () => first
  }
  snapshot() {
    return this.first()
  }
  intent(intent: Intent) {
    this.sent.push(intent)
    return this.reply()
  }
  onChanged(listener: (snapshot: Snapshot) => void) {
    this.listener = listener
    return () => {
      this.listener = undefined
    }
  }
}

async function started(first: Snapshot) {
  const bridge = new FakeBridge(first)
  const store = createTerminalStore(bridge)
  const stop = store.getState().start()
  await Promise.resolve()
  return { bridge, store, stop, state: () => store.getState() }
}

const done: Page = {
  kind: 'ceremony',
  ceremony: {
    kind: 'register',
    steps: [],
    prompt: { kind: 'done', result: { kind: 'registered', givenName: 'A', familyName: 'B', guid: '00' } },
  },
}
const asking: Page = { kind: 'ceremony', ceremony: { kind: 'login', steps: [], prompt: { kind: 'enter-pin', retriesLeft: 3 } } }

test('the store knows no React: nothing of it is in its bundle', async () => {
  const { metafile } = await build({
    entryPoints: ['renderer/store/terminal-store.ts'],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
  })
  const inputs = Object.keys(metafile.inputs)
  expect(inputs.some((file) => file.includes('zustand/esm/vanilla'))).toBe(true)
  expect(inputs.filter((file) => /node_modules\/(?!zustand\/)/.test(file))).toEqual([])
  expect(inputs.filter((file) => file.includes('react'))).toEqual([])
})

describe('snapshots', () => {
  test('the first one comes from main, later ones as it tells', async () => {
    const { bridge, state } = await started(snapshot(1, { kind: 'starting' }))
    expect(state().snapshot?.page).toEqual({ kind: 'starting' })
    bridge.listener?.(snapshot(2, { kind: 'idle' }))
    expect(state().snapshot?.page).toEqual({ kind: 'idle' })
  })

  test('whatever the order in which they arrive, the newest one stays', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(1000), { minLength: 1 }), (revisions) => {
        const bridge = new FakeBridge(snapshot(0, { kind: 'starting' }))
        const store = createTerminalStore(bridge)
        store.getState().start()
        for (const revision of revisions) bridge.listener?.(snapshot(revision, { kind: 'idle' }))
        expect(store.getState().snapshot?.revision).toBe(Math.max(...revisions))
      }),
    )
  })

  test('an answer that is older than what was told meanwhile is passed over', async () => {
    const bridge = new FakeBridge(snapshot(1, { kind: 'starting' }))
    const store = createTerminalStore(bridge)
    store.getState().start()
    bridge.listener?.(snapshot(2, { kind: 'idle' }))
    await Promise.resolve()
    expect(store.getState().snapshot?.revision).toBe(2)
  })

  test('after stop nothing is listened to', async () => {
    const { bridge, stop } = await started(snapshot(1, { kind: 'idle' }))
    stop()
    expect(bridge.listener).toBeUndefined()
  })

  test('a main process that does not answer is told, and forgotten with its first snapshot', async () => {
    const bridge = new FakeBridge(snapshot(1, { kind: 'idle' }))
    bridge.first = () => Promise.reject(new Error('gone'))
    const store = createTerminalStore(bridge)
    store.getState().start()
    await new Promise((resolve) => setTimeout(resolve))
    expect(store.getState().notice).toBe('unreachable')
    bridge.listener?.(snapshot(2, { kind: 'idle' }))
    expect(store.getState().notice).toBeUndefined()
  })
})

describe('intents', () => {
  test('a PIN passes through and stays nowhere in the state', async () => {
    const { bridge, state } = await started(snapshot(1, asking))
    await state().send({ kind: 'submit-pin', pin: '27182818' })
    await state().send({ kind: 'submit-new-pin', current: '27182818', pin: '31415926' })
    expect(bridge.sent).toHaveLength(2)
    expect(JSON.stringify(state())).not.toMatch(/2718|3141/)
  })

  test('a refusal becomes a notice that the next accepted intent takes away', async () => {
    const { bridge, state } = await started(snapshot(1, { kind: 'idle' }))
    bridge.reply = async () => ({ accepted: false, reason: 'not-now' })
    await state().send({ kind: 'cancel' })
    expect(state().notice).toBe('not-now')
    bridge.reply = async () => ({ accepted: true })
    await state().send({ kind: 'change-pin' })
    expect(state().notice).toBeUndefined()
  })

  test('a notice stays while the page asks the same, and goes with the next question', async () => {
    const { bridge, state } = await started(snapshot(1, { kind: 'idle' }))
    bridge.reply = async () => ({ accepted: false, reason: 'malformed' })
    await state().send({ kind: 'sign-out' })
    bridge.listener?.(snapshot(2, { kind: 'idle' }))
    expect(state().notice).toBe('malformed')
    bridge.listener?.(snapshot(3, asking))
    expect(state().notice).toBeUndefined()
  })

  test('a bridge that breaks is told, and send does not throw', async () => {
    const { bridge, state } = await started(snapshot(1, { kind: 'idle' }))
    bridge.reply = () => Promise.reject(new Error('gone'))
    await state().send({ kind: 'cancel' })
    expect(state().notice).toBe('unreachable')
  })
})

describe('drafts', () => {
  const person = { givenName: 'Grace', familyName: 'Hopper', reference: 'C-7' }

  test('survive a login in between and a registration that failed', async () => {
    const { bridge, state } = await started(snapshot(1, { kind: 'idle' }, { operator }))
    state().openRegistration()
    state().editPerson(person)
    bridge.listener?.(snapshot(2, asking, { operator }))
    bridge.listener?.(snapshot(3, { kind: 'idle' }, { operator }))
    expect(state()).toMatchObject({ desk: 'registering', person: { ...person, role: 'none' } })
  })

  test('are gone once the person is registered', async () => {
    const { bridge, state } = await started(snapshot(1, { kind: 'idle' }, { operator }))
    state().openRegistration()
    state().editPerson(person)
    bridge.listener?.(snapshot(2, done, { operator }))
    expect(state()).toMatchObject({ desk: 'home', person: { givenName: '', familyName: '', reference: '' } })
  })

  test('are gone when the operator leaves, and when the form is closed', async () => {
    const { bridge, state } = await started(snapshot(1, { kind: 'idle' }, { operator }))
    state().openRegistration()
    state().editPerson(person)
    bridge.listener?.(snapshot(2, { kind: 'sign-in' }))
    expect(JSON.stringify(state())).not.toContain('Hopper')
    state().openRegistration()
    state().editPerson(person)
    state().closeRegistration()
    expect(JSON.stringify(state())).not.toContain('Hopper')
  })

  test('the invitation code is gone once the terminal is enrolled', async () => {
    const { bridge, state } = await started(snapshot(1, { kind: 'enrol', busy: false }))
    state().editEnrolCode('SECRET-CODE')
    bridge.listener?.(snapshot(2, { kind: 'enrol', busy: true }))
    expect(state().enrolCode).toBe('SECRET-CODE')
    bridge.listener?.(snapshot(3, { kind: 'sign-in' }))
    expect(JSON.stringify(state())).not.toContain('SECRET-CODE')
  })
})

test('a lock keeps what was begun for who began it, and for nobody else', async () => {
  const locked: Page = { kind: 'locked', operator: { givenName: 'Ada', familyName: 'Lovelace' } }
  const begin = async () => {
    const desk = await started(snapshot(1, { kind: 'idle' }, { operator, shift: 1 }))
    desk.state().openRegistration()
    desk.state().editPerson({ givenName: 'Grace' })
    desk.bridge.listener?.(snapshot(2, locked, { shift: 1 }))
    desk.bridge.listener?.(snapshot(3, asking, { shift: 1 }))
    return desk
  }
  const same = await begin()
  same.bridge.listener?.(snapshot(4, { kind: 'idle' }, { operator, shift: 1 }))
  expect(same.state()).toMatchObject({ desk: 'registering', person: { givenName: 'Grace' } })
  const another = await begin()
  another.bridge.listener?.(snapshot(4, { kind: 'idle' }, { operator: { ...operator, givenName: 'Li' }, shift: 2 }))
  expect(another.state()).toMatchObject({ desk: 'home', person: { givenName: '' } })
  const nobody = await begin()
  nobody.bridge.listener?.(snapshot(4, { kind: 'sign-in' }, { shift: 2 }))
  expect(nobody.state()).toMatchObject({ desk: 'home', person: { givenName: '' } })
})
