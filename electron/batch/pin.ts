/** The PIN that a card of a batch has until its holder chooses one (docs/decisions/batch-pin.md). */
import { utf8 } from '../../protocol/bytes.ts'
import type { Crypto } from '../../protocol/crypto.ts'
import { judgeNewPin } from '../ceremonies/pin-rules.ts'

/** The longest that PIV allows (SP 800-73-5 part 2 section 3.2.1): it is typed once. */
const DIGITS = 8

/** ASCII digits, each equally likely: a byte from 250 up is thrown away, and so is a PIN that anybody would try first. */
export function initialPin(crypto: Pick<Crypto, 'randomBytes'>): string {
  for (;;) {
    let pin = ''
    while (pin.length < DIGITS) {
      const [byte = 255] = crypto.randomBytes(1)
      if (byte < 250) pin += String(byte % 10)
    }
    if (judgeNewPin(utf8(pin)) === undefined) return pin
  }
}
