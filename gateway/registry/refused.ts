import type { Refusal, RefusalCode } from '../../protocol/messages/operations.ts'

/** The gateway's no: thrown within a transaction it undoes everything, and the terminal is told the code. */
export class Refused extends Error {
  readonly refusal: Refusal
  constructor(code: RefusalCode, details: Omit<Refusal, 'code'> = {}) {
    super(`refused: ${code}`)
    this.name = 'Refused'
    this.refusal = { code, ...details }
  }
}
