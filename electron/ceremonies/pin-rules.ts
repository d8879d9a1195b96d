/**
 * Which new PINs are taken. The card's own rule is 6 to 8 decimal digits (NIST SP 800-73-5 part 2 section 3.2.1); beyond it
 * a PIN that anybody would try first is refused (NIST SP 800-63B-4 section 3.1.1.2 asks for a list of such).
 */
import { equalConstantTime } from '../../protocol/bytes.ts'
import type { ProblemCode } from '../contract/problems.ts'

/** PINs and PUK that cards leave the factory with, as ASCII digits. */
export const FACTORY_PIN = '123456'
export const FACTORY_PUK = '12345678'

const DIGIT_0 = 0x30
const DIGIT_9 = 0x39

/** `pin` and `current` are ASCII digits. Undefined where the PIN may be used. */
export function judgeNewPin(pin: Uint8Array, current?: Uint8Array): ProblemCode | undefined {
  if (pin.length < 6 || pin.length > 8 || pin.some((digit) => digit < DIGIT_0 || digit > DIGIT_9)) return 'pin-weak'
  if (hasConstantStep(pin) || repeatsItself(pin)) return 'pin-weak'
  if (current !== undefined && equalConstantTime(pin, current)) return 'pin-unchanged'
  return undefined
}

/** 000000, 123456, 87654321, 246802: each digit follows from the one before by the same step, also over 9 to 0. */
function hasConstantStep(pin: Uint8Array): boolean {
  const step = (at: number) => ((pin[at + 1] ?? 0) - (pin[at] ?? 0) + 10) % 10
  const first = step(0)
  for (let at = 1; at < pin.length - 1; at += 1) if (step(at) !== first) return false
  return true
}

/** 121212, 123123, 12341234: one short group again and again. */
function repeatsItself(pin: Uint8Array): boolean {
  for (let period = 1; period <= pin.length / 2; period += 1) {
    if (pin.every((digit, at) => digit === pin[at % period])) return true
  }
  return false
}
