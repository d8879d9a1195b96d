import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CHANNELS, type IntentReply } from '../../electron/contract/channels.ts'
import type { WindowIntent } from '../../electron/contract/intents.ts'
import { ForeignSender, listenToWindow } from '../../electron/ipc.ts'
import { createDesk } from './terminal-desk.ts'

const ORIGIN = 'tessera://app/'

interface Frame {
  readonly processId: number
  readonly routingId: number
  readonly url: string
}
const MAIN_FRAME: Frame = { processId: 1, routingId: 1, url: 'tessera://app/index.html' }

function listening() {
  const handlers = new Map<string, (event: never, ...payload: unknown[]) => unknown>()
  const intents: WindowIntent[] = []
  const refused: string[] = []
  const desk = createDesk()
  listenToWindow({
    ipcMain: { handle: (channel, handler) => void handlers.set(channel, handler as never) },
    terminal: {
      snapshot: () => desk.terminal.snapshot(),
      intent(intent): IntentReply {
        intents.push(intent)
        return { accepted: true }
      },
    },
    contents: () => ({ id: 7, mainFrame: MAIN_FRAME }) as never,
    origin: ORIGIN,
    onRefused: (why) => refused.push(why),
  })
  const say = (channel: string, from: { readonly sender?: number; readonly frame?: Frame | null }, ...payload: unknown[]) => {
    const senderFrame = from.frame === undefined ? MAIN_FRAME : from.frame
    return handlers.get(channel)?.({ sender: { id: from.sender ?? 7 }, senderFrame } as never, ...payload)
  }
  return { say, intents, refused, channels: [...handlers.keys()] }
}

test('main listens to the two channels of the contract and to no other', () => {
  expect(listening().channels).toEqual([CHANNELS.snapshot, CHANNELS.intent])
})

describe('who may speak', () => {
  test('the main frame of the own window with the own page', () => {
    const { say, intents } = listening()
    expect(say(CHANNELS.snapshot, {})).toMatchObject({ page: { kind: 'starting' } })
    expect(say(CHANNELS.intent, {}, { kind: 'cancel' })).toEqual({ accepted: true })
    expect(intents).toEqual([{ kind: 'cancel' }])
  })

  test.each([
    ['another window', { sender: 8 }],
    ['a frame within the page', { frame: { ...MAIN_FRAME, routingId: 2 } }],
    ['a frame of another process', { frame: { ...MAIN_FRAME, processId: 2 } }],
    ['another page in the main frame', { frame: { ...MAIN_FRAME, url: 'https://example.org/' } }],
    ['a page whose address only looks alike', { frame: { ...MAIN_FRAME, url: 'tessera://app.example.org/index.html' } }],
    ['a frame that is gone', { frame: null }],
  ])('not %s', (_who, from) => {
    const { say, intents, refused } = listening()
    expect(() => say(CHANNELS.snapshot, from)).toThrow(ForeignSender)
    expect(() => say(CHANNELS.intent, from, { kind: 'cancel' })).toThrow(ForeignSender)
    expect(intents).toEqual([])
    expect(refused).toEqual(['foreign', 'foreign'])
  })
})

describe('what may be said', () => {
  const malformed = { accepted: false, reason: 'malformed' }

  test.each([
    ['nothing', []],
    ['two things', [{ kind: 'cancel' }, { kind: 'cancel' }]],
    ['an unknown kind', [{ kind: 'erase' }]],
    ['a key too many', [{ kind: 'cancel', extra: 1 }]],
    ['a PIN of letters', [{ kind: 'submit-pin', pin: 'abcdef' }]],
    ['a PIN of five digits', [{ kind: 'submit-pin', pin: '12345' }]],
    ['a PIN of nine digits', [{ kind: 'submit-pin', pin: '123456789' }]],
    ['a PIN with a line end', [{ kind: 'submit-pin', pin: '123456\n' }]],
    ['a PIN that is no text', [{ kind: 'submit-pin', pin: 123456 }]],
    ['a person without a name', [{ kind: 'register', person: { givenName: '', familyName: 'B', reference: 'C' } }]],
    ['an unknown role', [{ kind: 'register', person: { givenName: 'A', familyName: 'B', reference: 'C' }, role: 'root' }]],
    ['a prototype', [JSON.parse('{"__proto__":{"kind":"cancel"}}')]],
  ])('not %s', (_what, payload) => {
    const { say, intents, refused } = listening()
    expect(say(CHANNELS.intent, {}, ...payload)).toEqual(malformed)
    expect(intents).toEqual([])
    expect(refused).toEqual(['malformed'])
  })

  test('whatever is said, the answer is a refusal', () => {
    const { say, intents } = listening()
    fc.assert(
      fc.property(fc.anything(), (payload) => {
        expect(say(CHANNELS.intent, {}, payload)).toEqual(malformed)
      }),
    )
    expect(intents).toEqual([])
  })
})
