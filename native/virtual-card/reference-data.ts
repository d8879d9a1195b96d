/** PIN and PUK: VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER (NIST SP 800-73-5 part 2 sections 3.2.1 to 3.2.3). */

import type { ParsedCommand } from '../../protocol/apdu.ts'
import { equalConstantTime } from '../../protocol/bytes.ts'
import { type CardContext, type CommandHandler, expectP1P2, NOTHING, Refusal, SW, triesLeft } from './context.ts'
import type { ReferenceData } from './state.ts'

const PIN = 0x80
const PUK = 0x81

export const verify: CommandHandler = (context, command) => {
  const { session, state } = context
  if (command.p2 !== PIN) throw new Refusal(command.p2 === 0x00 ? SW.referenceNotFound : SW.wrongP1P2)
  if (command.p1 === 0xff) {
    if (command.data.length > 0) throw new Refusal(SW.wrongData)
    session.pinVerified = false
    return NOTHING
  }
  if (command.p1 !== 0x00) throw new Refusal(SW.wrongP1P2)
  if (command.data.length === 0) {
    if (session.pinVerified) return NOTHING
    throw new Refusal(state.pin.retriesLeft === 0 ? SW.blocked : triesLeft(state.pin.retriesLeft))
  }
  compare(context, 'pin', pinOf(command.data))
  session.pinVerified = true
  session.pinFresh = true
  return NOTHING
}

export const changeReferenceData: CommandHandler = (context, command) => {
  if (command.p1 !== 0x00) throw new Refusal(SW.wrongP1P2)
  const [current, next] = halves(command)
  if (command.p2 === PIN) {
    const checked = pinOf(next)
    compare(context, 'pin', pinOf(current))
    context.commit({ pin: renewed(context.state.pin, checked) })
  } else if (command.p2 === PUK) {
    compare(context, 'puk', current)
    context.commit({ puk: renewed(context.state.puk, next) })
  } else throw new Refusal(SW.referenceNotFound)
  return NOTHING
}

export const resetRetryCounter: CommandHandler = (context, command) => {
  expectP1P2(command, 0x00, PIN)
  const [puk, next] = halves(command)
  const checked = pinOf(next)
  compare(context, 'puk', puk)
  context.commit({ pin: renewed(context.state.pin, checked) })
  return NOTHING
}

/**
 * One try: counted and stored before the comparison, given back after it, so that cutting the power at the right moment
 * wins nothing.
 */
function compare(context: CardContext, which: 'pin' | 'puk', offered: Uint8Array): void {
  const { value, retriesLeft, retriesTotal } = context.state[which]
  if (retriesLeft === 0) throw new Refusal(SW.blocked)
  context.commit({ [which]: { value, retriesTotal, retriesLeft: retriesLeft - 1 } })
  if (!equalConstantTime(value, offered)) {
    if (which === 'pin') context.session.pinVerified = false
    throw new Refusal(triesLeft(retriesLeft - 1))
  }
  context.commit({ [which]: { value, retriesTotal, retriesLeft: retriesTotal } })
}

function renewed(data: ReferenceData, value: Uint8Array): ReferenceData {
  return { value: Uint8Array.from(value), retriesLeft: data.retriesTotal, retriesTotal: data.retriesTotal }
}

function halves(command: ParsedCommand): [Uint8Array, Uint8Array] {
  if (command.data.length !== 16) throw new Refusal(SW.wrongData)
  return [command.data.subarray(0, 8), command.data.subarray(8)]
}

/** Section 2.4.3: six to eight digits, then FF up to 8 bytes. What has another form costs no try. */
function pinOf(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== 8) throw new Refusal(SW.wrongData)
  const padding = bytes.indexOf(0xff)
  const digits = bytes.subarray(0, padding === -1 ? 8 : padding)
  const wellFormed =
    digits.length >= 6 &&
    digits.every((byte) => byte >= 0x30 && byte <= 0x39) &&
    bytes.subarray(digits.length).every((byte) => byte === 0xff)
  if (!wellFormed) throw new Refusal(SW.wrongData)
  return bytes
}
